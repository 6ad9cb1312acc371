/**
 * A dependency could not answer. Thrown by adapters only, answered 503, and never a grant.
 * `dependency` is a fixed name such as `database`; the cause is for the log and never leaves the process.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    readonly dependency: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${dependency} could not answer`, options);
  }
}
