/** One GET to an address that the operator configured. */
export interface BoundedRequest {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds for the connection, the headers and the whole body together. */
  readonly timeoutMs: number;
  /** The most bytes that are read of a body. */
  readonly maxBodyBytes: number;
}

/** An answer; only the body of a 200 is read, as UTF-8. */
export interface BoundedResponse {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks, and follows no redirect. Rejects with any error, which never holds a header's value, when there is no answer,
 * a redirect, or a body that is too long or not UTF-8: the caller decides what an outage means.
 */
export async function fetchBounded(request: BoundedRequest): Promise<BoundedResponse> {
  const { fetch, url, headers, timeoutMs, maxBodyBytes } = request;
  const response = await fetch(url, {
    headers,
    // A redirect could lead to another host, or down to plain http, where anybody may answer and read what we send.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (response.status === 200)
    return { status: 200, text: await readBounded(response, maxBodyBytes) };
  await response.body?.cancel();
  return { status: response.status, text: '' };
}

/** Reads the body as it comes and stops at the limit: `content-length` may be absent or untrue. */
async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let length = 0;
  if (response.body === null) return text;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new Error(`The body is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
