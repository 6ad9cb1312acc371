import type { StartTimer } from '../runtime/timer.ts';
import type { AuditLog, WriteEntries } from './audit-event.ts';
import { createGroupCommit } from './group-commit.ts';
import { createRetryingWrite } from './retrying-write.ts';

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
