/** What of an answer of the HTTP API matters here. */
interface ApiResponse {
  readonly status: number;
  readonly text: () => Promise<string>;
}

/** Milliseconds that a body may take; npm `pusher` has stopped its own clock when the headers are there. */
const timeoutMs = 2_000;

/**
 * The status that an answer means: soketi 1.6 refuses with HTTP status 200, and the real one in the body,
 * as `{"error":"…","code":401}`. Rejects when the body does not come.
 */
export async function httpApiStatus(response: ApiResponse): Promise<number> {
  const text = await Promise.race([response.text(), rejectAfterTimeout()]);
  const [, code] = /^\{"error":.*"code":([45][0-9]{2})\}$/s.exec(text) ?? [];
  return code === undefined ? response.status : Number(code);
}

function rejectAfterTimeout(): Promise<never> {
  return new Promise((_resolve, reject) => {
    AbortSignal.timeout(timeoutMs).addEventListener('abort', () => {
      reject(new Error('No body in time'));
    });
  });
}
