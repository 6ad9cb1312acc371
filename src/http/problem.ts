/** A request that we do not take further: its status and the sentence that the client gets. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';

  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 415 | 429 | 503,
    message: string,
    /** Seconds after which it may be tried again. */
    readonly retryAfter?: number,
    /** The methods that the route answers, where that is the problem. */
    readonly allow?: string,
  ) {
    super(message);
  }
}

/** A malformed request. */
export const malformed = (message: string): RequestProblem => new RequestProblem(400, message);
