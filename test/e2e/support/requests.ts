/** A complete response of Usher. */
export interface TextResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The body, byte for byte. */
  readonly text: string;
}

/** Posts a form like pusher-js, for tests of what pusher-js hides: the body of an error, and the headers. */
export function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TextResponse> {
  return send(url, { method: 'POST', body: new URLSearchParams(form), headers });
}

/** Sends a JSON body; throws after 15 s without a response. */
export function requestJson(
  method: 'POST' | 'PUT',
  ...[url, body, headers]: readonly [string, object, Readonly<Record<string, string>>?]
): Promise<TextResponse> {
  return send(url, {
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Sends a GET; throws after 15 s without a response. */
export function get(url: string): Promise<TextResponse> {
  return send(url, { method: 'GET' });
}

async function send(url: string, request: RequestInit): Promise<TextResponse> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(15_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
