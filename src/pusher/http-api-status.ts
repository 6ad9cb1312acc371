/** What of an answer of the HTTP API matters here. */
interface ApiAnswer {
  readonly status: number;
  readonly text: () => Promise<string>;
}

/** Milliseconds that a body may take; npm `pusher` has stopped its own clock when the headers are there. */
const patience = 2_000;

/**
 * The status that an answer means: soketi 1.6 refuses with HTTP status 200, and the real one in the body,
 * as `{"error":"…","code":401}`. Rejects when the body does not come.
 */
export async function saidStatus(answer: ApiAnswer): Promise<number> {
  const text = await Promise.race([answer.text(), late()]);
  const [, code] = /^\{"error":.*"code":([45][0-9]{2})\}$/s.exec(text) ?? [];
  return code === undefined ? answer.status : Number(code);
}

function late(): Promise<never> {
  return new Promise((_resolve, reject) => {
    AbortSignal.timeout(patience).addEventListener('abort', () => {
      reject(new Error('No body in time'));
    });
  });
}
