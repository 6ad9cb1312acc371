/**
 * A dependency failed. Only adapters throw it. The response is a 503, never a grant. `dependency` is a fixed name such
 * as `database`. The cause goes only to the log.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';

  constructor(
    readonly dependency: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${dependency} is unavailable`, options);
  }
}

/**
 * The database is available, but refused a row: it cannot store a value, or the row exists already. Other rows of the
 * same statement may be valid.
 */
export class RowRefused extends Unavailable {
  constructor(
    readonly isDuplicate: boolean,
    options?: { readonly cause?: unknown },
  ) {
    super('database', options);
  }
}

/** True if a dependency was unavailable, so that a retry may succeed. */
export function isOutage(error: unknown): error is Unavailable {
  return error instanceof Unavailable && !(error instanceof RowRefused);
}
