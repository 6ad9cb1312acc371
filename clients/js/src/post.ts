import type { Environment } from './environment.ts';
import type { UsherAuthOptions, UsherHeaders } from './types.ts';

/** A response other than a success; status 0 if there was none. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly decisionId?: string | undefined;
  /** Milliseconds after which a request may be repeated. */
  readonly retryAfter?: number | undefined;
}

/** The JSON object of a 200, or a failure. */
export type Result = { readonly body: Readonly<Record<string, unknown>> } | Failure;

/** Posts JSON and resolves to the result, and never rejects. */
export async function post(
  request: { readonly url: string; readonly headers: UsherHeaders; readonly body: object },
  { timeout = 60_000, credentials = 'same-origin' }: UsherAuthOptions,
  environment: Environment,
): Promise<Result> {
  const abort = new AbortController();
  const stop = environment.startTimer(timeout, () => {
    abort.abort();
  });
  try {
    // `Headers` replace a content type that the page wrote in lower case, as an object does not.
    const headers = new Headers(request.headers);
    headers.set('Content-Type', 'application/json');
    const response = await environment.fetch(request.url, {
      method: 'POST',
      headers,
      body: JSON.stringify(request.body),
      credentials,
      signal: abort.signal,
    });
    const { status } = response;
    const body = response.json().then(objectIn);
    // A 200 without a JSON object comes from a proxy. It is an error, and is retried.
    if (status === 200) return { body: await body };
    const { message } = (await body.catch(() => ({}))) as { message?: string };
    return {
      status,
      message: message ?? `Usher responded ${status}`,
      decisionId: response.headers.get('X-Decision-Id') ?? undefined,
      retryAfter: millisecondsOf(response.headers.get('Retry-After'), environment.now()),
    };
  } catch (error) {
    return failureOf(error);
  } finally {
    stop();
  }
}

/** Throws if the JSON of a response is not an object. */
function objectIn(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null) return json as Record<string, unknown>;
  throw new Error('The response is not a JSON object');
}

/** The failure of a request without a response. */
export function failureOf(error: unknown): Failure {
  return { status: 0, message: String(error) };
}

/** Statuses after which the same request may succeed (RFC 9110 §15). */
export function isPassing({ status }: Failure): boolean {
  return [0, 408, 429, 502, 503, 504].includes(status);
}

/** `Retry-After` has seconds or a date (RFC 9110 §10.2.3). */
function millisecondsOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  return /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now || undefined;
}
