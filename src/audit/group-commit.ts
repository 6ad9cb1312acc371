import { createBatches, type Batches } from '../runtime/batches.ts';
import { RowRefused, Unavailable } from '../runtime/unavailable.ts';

/** How much a group commit takes on. */
export interface GroupCommitLimits {
  /** Rows of one statement at most. */
  readonly maxBatch: number;
  /** So many waiting rows get a second statement beside the one that is under way; without, there is never one. */
  readonly threshold?: number;
  /** Rows that wait for one at most. */
  readonly maxQueued: number;
}

/** What a group commit is built with. */
export interface GroupCommitDeps<Row, Written> {
  /** Writes rows, and says what became of each. A `RowRefused` says that one of them cannot be written, and that none was. */
  readonly write: (rows: readonly Row[]) => Promise<readonly Written[]>;
  readonly limits: GroupCommitLimits;
}

/** Rows on their way into a database. */
export interface GroupCommit<Row, Written> extends Pick<Batches<Row, Written>, 'queued' | 'idle'> {
  /** Resolves to what became of the row; throws what its statement failed of, and `Unavailable` at once when too many wait. */
  readonly append: (row: Row) => Promise<Written>;
}

/** Writes what arrives while a statement is under way in the next one, with one commit; a row that cannot be written fails alone. */
export function createGroupCommit<Row, Written>({
  write,
  limits,
}: GroupCommitDeps<Row, Written>): GroupCommit<Row, Written> {
  const { add, queued, idle } = createBatches({
    run: write,
    maxItems: limits.maxBatch,
    threshold: limits.threshold,
    isItemError: (error) => error instanceof RowRefused,
  });
  return {
    append: (row) =>
      queued() < limits.maxQueued
        ? add(row)
        : Promise.reject(
            new Unavailable('audit trail', { cause: new Error('too many entries wait') }),
          ),
    queued,
    idle,
  };
}
