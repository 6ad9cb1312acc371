import type { StartTimer } from '../runtime/timer.ts';
import type { AuditLog, WriteEntries, AuditEntry } from './audit-event.ts';
import { isOutage, RowRefused, Unavailable } from '../runtime/unavailable.ts';
import { createBatches, type Batches } from '../runtime/batches.ts';

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
  const full = () => new Unavailable('audit log', { cause: new Error('too many queued entries') });
  const { add, queued, idle } = createBatches({
    run: write,
    maxItems: maxBatch,
    threshold,
    bound: { maxQueued, full },
    isItemError: (error) => error instanceof RowRefused,
  });
  return { append: add, queued, idle };
}

export interface AuditQueue extends AuditLog {
  /** The number of entries in the queue. */
  readonly waiting: () => number;
  /** True while entries are lost. */
  readonly isDropping: () => boolean;
  /** Resolves when all entries are written. After the timeout failed writes are not retried. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** Entries per statement; larger batches are not faster per entry. */
const maxBatch = 256;

/** With `strict` each queued entry is a waiting request, so a second concurrent statement is worth its cost. */
const strictLimits = { maxBatch, threshold: maxBatch / 4, maxQueued: 10_000 };
const bufferedLimits = { maxBatch, maxQueued: 50_000 };

/** `AUDIT=strict`: `append` resolves after the commit, which many entries share. */
export function createStrictAuditQueue(write: WriteEntries): AuditQueue {
  const { append, queued, idle } = createGroupCommit({ write, limits: strictLimits });
  return { append, waiting: queued, isDropping: () => false, close: idle };
}

interface BufferedAuditQueueDeps {
  readonly write: WriteEntries;
  readonly startTimer: StartTimer;
  /** Called for each dropped entry. */
  readonly onDropped: () => void;
  readonly log: { readonly error: (about: object, message: string) => void };
  readonly limits?: typeof bufferedLimits;
}

/**
 * `AUDIT=buffered`: `append` does not wait for the database. Queued entries are lost if the process is killed, and new
 * entries are dropped while the queue is full; this is counted and logged.
 */
export function createBufferedAuditQueue({
  write,
  startTimer,
  onDropped,
  log,
  limits = bufferedLimits,
}: BufferedAuditQueueDeps): AuditQueue {
  const retrying = createRetryingWrite({ write, startTimer });
  const queue = createGroupCommit({ write: retrying.write, limits });
  let dropped = 0;

  const drop = (error: unknown): void => {
    onDropped();
    if (dropped === 0) log.error({ err: error }, 'audit entries are being dropped');
    dropped += 1;
  };
  const reportRecovery = (): void => {
    // Only when the queue is half empty: otherwise each statement would report a recovery and a new outage.
    if (dropped === 0 || queue.queued() > limits.maxQueued / 2) return;
    log.error({ dropped }, 'audit entries were dropped; writing again');
    dropped = 0;
  };

  return {
    append: (entry) => {
      void queue.append(entry).then(reportRecovery, drop);
      return Promise.resolve(true);
    },
    waiting: queue.queued,
    isDropping: () => dropped > 0,
    close: async (timeoutMs) => {
      const stopTimer = startTimer(timeoutMs, retrying.abort);
      await queue.idle();
      stopTimer();
      if (dropped > 0) log.error({ dropped }, 'audit entries were dropped');
    },
  };
}

interface RetryingWrite {
  /** Retries while the database is unavailable. Throws `RowRefused`, and after `abort` also `Unavailable`. */
  readonly write: WriteEntries;
  /** Stops the retries. */
  readonly abort: () => void;
}

const [firstRetryMs, maxRetryMs] = [100, 5_000];

/** Retries a write with exponential delays. */
function createRetryingWrite({
  write,
  startTimer,
}: {
  readonly write: WriteEntries;
  readonly startTimer: StartTimer;
}): RetryingWrite {
  let isAborted = false;
  let endDelay = (): void => undefined;
  const delay = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      const stopTimer = startTimer(milliseconds, resolve);
      endDelay = () => {
        stopTimer();
        resolve();
      };
    });

  return {
    write: async (entries: readonly AuditEntry[]) => {
      for (let attempt = 0; ; attempt += 1) {
        try {
          return await write(entries);
        } catch (error) {
          // A batch is atomic and is repeated unchanged, so a duplicate means that an earlier attempt succeeded.
          if (error instanceof RowRefused && error.isDuplicate && attempt > 0) {
            return entries.map(() => true);
          }
          if (isAborted || !isOutage(error)) throw error;
          await delay(Math.min(firstRetryMs * 2 ** attempt, maxRetryMs));
        }
      }
    },
    abort: () => {
      isAborted = true;
      endDelay();
    },
  };
}
