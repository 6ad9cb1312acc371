import { createBatches, type Batches } from '../runtime/batches.ts';
import { RowRefused, Unavailable } from '../runtime/unavailable.ts';

export interface GroupCommitLimits {
  /** Rows per statement. */
  readonly maxBatch: number;
  /** With so many queued rows a second statement runs concurrently; `undefined`: never. */
  readonly threshold?: number;
  /** The maximal length of the queue. */
  readonly maxQueued: number;
}

interface GroupCommitDeps<Row, Written> {
  /** Writes rows and resolves to a result for each. Throws `RowRefused` if the database refused one of them and wrote none. */
  readonly write: (rows: readonly Row[]) => Promise<readonly Written[]>;
  readonly limits: GroupCommitLimits;
}

interface GroupCommit<Row, Written> extends Pick<Batches<Row, Written>, 'queued' | 'idle'> {
  /** Resolves to the result of the row. Throws the error of its statement, and `Unavailable` if the queue is full. */
  readonly append: (row: Row) => Promise<Written>;
}

/** Rows that arrive during a statement are written with the next one, in one commit. A refused row fails alone. */
export function createGroupCommit<Row, Written>({
  write,
  limits: { maxBatch, threshold, maxQueued },
}: GroupCommitDeps<Row, Written>): GroupCommit<Row, Written> {
  const full = () => new Unavailable('audit log', { cause: new Error('too many entries wait') });
  const { add, queued, idle } = createBatches({
    run: write,
    maxItems: maxBatch,
    threshold,
    bound: { maxQueued, full },
    isItemError: (error) => error instanceof RowRefused,
  });
  return { append: add, queued, idle };
}
