import { isOutage, RowRefused, Unavailable } from '../core/unavailable.ts';

/** How much a group commit takes on. */
export interface GroupCommitLimits {
  /** Rows of one statement at most. */
  readonly batch: number;
  /** Rows that wait for one at most. */
  readonly waiting: number;
}

/** What a group commit is built with. */
export interface GroupCommitPorts<Row, Written> {
  /** Writes rows, and says what became of each. A `RowRefused` says that one of them cannot be written, and that none was. */
  readonly write: (rows: readonly Row[]) => Promise<readonly Written[]>;
  readonly limits: GroupCommitLimits;
}

/** Rows on their way into a database. */
export interface GroupCommit<Row, Written> {
  /** Resolves to what became of the row; throws what its statement failed of, and `Unavailable` at once when too many wait. */
  readonly append: (row: Row) => Promise<Written>;
  /** How many rows wait for a statement. */
  readonly waiting: () => number;
  /** Resolves when no row waits and none is being written. */
  readonly idle: () => Promise<void>;
}

interface Waiting<Row, Written> {
  readonly row: Row;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes what arrives while a statement is under way in the next one, as databases themselves do with commits: a row that
 * comes alone does not wait for company, and many share one commit. One statement at a time, rows in their order.
 */
export function createGroupCommit<Row, Written>({
  write,
  limits,
}: GroupCommitPorts<Row, Written>): GroupCommit<Row, Written> {
  const queue: Waiting<Row, Written>[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (queue.length > 0) await settle(queue.splice(0, limits.batch));
    running = undefined;
  };
  const settle = async (batch: readonly Waiting<Row, Written>[]): Promise<void> => {
    try {
      const written = await write(batch.map(({ row }) => row));
      for (const [index, { resolve }] of batch.entries()) resolve(written[index] as Written);
    } catch (error) {
      if (error instanceof RowRefused && batch.length > 1) {
        // One row must not be the end of its neighbours: half by half the others find their way in.
        const middle = batch.length >> 1;
        await settle(batch.slice(0, middle));
        await settle(batch.slice(middle));
        return;
      }
      for (const { reject } of batch) reject(error);
      if (isOutage(error)) refuseWaiting(error);
    }
  };
  /** The next statement would meet the same outage, and who waits would wait for as long again, to be refused as well. */
  const refuseWaiting = (error: Unavailable): void => {
    for (const { reject } of queue.splice(0)) reject(error);
  };

  return {
    append: (row) =>
      new Promise((resolve, reject) => {
        if (queue.length >= limits.waiting) {
          reject(new Unavailable('audit trail', { cause: new Error('too many entries wait') }));
          return;
        }
        queue.push({ row, resolve, reject });
        running ??= run();
      }),
    waiting: () => queue.length,
    idle: () => running ?? Promise.resolve(),
  };
}
