/** A request to an address that the operator configured. */
interface BoundedRequest {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a POST; without it the request is a GET. */
  readonly body?: string | undefined;
  /** Aborts connection, headers and body. */
  readonly signal: AbortSignal;
  /** The maximum size of the response's body. */
  readonly maxBodyBytes: number;
}

/** A response. Only the body of a 200 is read, as UTF-8. */
export interface BoundedResponse {
  readonly status: number;
  readonly text: string;
  readonly cacheControl: string | null;
  readonly contentType: string | null;
}

/**
 * Sends the request without following redirects. Rejects if there is no response, if it is a redirect, or if its body
 * is too long or not UTF-8. The error never contains a header's value. The caller decides how to handle an outage.
 */
export async function fetchBounded(request: BoundedRequest): Promise<BoundedResponse> {
  const { fetch, url, headers, body, signal, maxBodyBytes } = request;
  const response = await fetch(url, {
    headers,
    ...(body !== undefined && { method: 'POST', body }),
    // A redirect could lead to another host or to plain http, where an attacker could respond and read the credentials.
    redirect: 'manual',
    signal,
  }).catch((error: unknown) => {
    throw isRefusedWithoutReason(error) ? new Error(refusedWithoutReason) : error;
  });
  const { status } = response;
  const about = {
    status,
    cacheControl: response.headers.get('cache-control'),
    contentType: response.headers.get('content-type'),
  };
  if (status === 200) return { ...about, text: await readBounded(response, maxBodyBytes) };
  await response.body?.cancel();
  if (redirects.has(status)) {
    throw new Redirected(status, response.headers.get('location') ?? '', url);
  }
  return { ...about, text: '' };
}

/** A redirect, which is not followed. */
export class Redirected extends Error {
  /** The path to which it leads, if that is another one on the same server. */
  readonly otherPath: string | undefined;

  constructor(status: number, location: string, from: URL) {
    super(`it redirects (status ${status}), and Usher does not follow redirects`);
    const to = URL.canParse(location, from.href) ? new URL(location, from) : from;
    const isElsewhere = to.host !== from.host || withoutSlash(to) === withoutSlash(from);
    this.otherPath = isElsewhere ? undefined : to.pathname;
  }
}

const withoutSlash = ({ pathname }: URL): string => pathname.replace(/\/$/, '');

/** The statuses of redirects (Fetch standard, §2.2.3). 304 is none: it means that the copy of a visitor is fresh. */
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const refusedWithoutReason =
  'fetch() refused the response without a reason, as it does for the status 407';

/** Whether `fetch` read a response and refused it. Its error is "fetch failed", and the cause has no message and no code. */
function isRefusedWithoutReason(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message === '' && !('code' in cause);
}

/** Stops reading at the limit. `content-length` is not reliable: it may be missing or wrong. */
async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new Error('The body is not UTF-8');
    }
  };
  let text = '';
  let length = 0;
  if (response.body === null) return text;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new Error(`The body is larger than ${maxBytes} bytes`);
    text += decode(chunk);
  }
  return text + decode();
}
