/** A request that we do not take further: its status and the sentence that the client gets. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';

  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 415 | 426 | 429 | 503,
    message: string,
    /** Headers of the answer. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The header that says after how many seconds the request may be repeated. */
export const retryAfter = (seconds: number) => ({ 'retry-after': String(seconds) });

/** A malformed request. */
export const malformed = (message: string): RequestProblem => new RequestProblem(400, message);
