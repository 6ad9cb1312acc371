/** A request that we do not take further: its status and the sentence that the client gets. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';

  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 415 | 429 | 503,
    message: string,
    /** Seconds after which it may be tried again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** A method that the route does not take; `allow` lists those that it takes. */
export class MethodNotAllowed extends RequestProblem {
  constructor(
    readonly allow: string,
    method: string,
  ) {
    super(405, `This route takes ${allow}, not ${method}`);
  }
}

/** A malformed request. */
export const malformed = (message: string): RequestProblem => new RequestProblem(400, message);
