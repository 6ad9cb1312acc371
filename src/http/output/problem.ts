/** The refusal of a request: the status and the message that the client receives. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';

  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 415 | 426 | 429 | 503,
    message: string,
    /** The headers of the response. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The header `Retry-After`. */
export const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });

/** A 400. */
export const malformed = (message: string): RequestProblem => new RequestProblem(400, message);
