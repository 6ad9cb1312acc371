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

/**
 * A database answered, and refused what it was given: a value that it cannot hold, or a row that it has already.
 * Without that row, others of the same statement may be fine.
 */
export class RowRefused extends Unavailable {
  constructor(
    readonly isDuplicate: boolean,
    options?: { readonly cause?: unknown },
  ) {
    super('database', options);
  }
}

/** True when a dependency did not answer at all, so that the same question may have another answer later. */
export function isOutage(error: unknown): error is Unavailable {
  return error instanceof Unavailable && !(error instanceof RowRefused);
}
