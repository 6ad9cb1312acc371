import type { StartTimer } from '../runtime/timer.ts';
import type { AuditLog, WriteEntries } from './audit-event.ts';
import { createGroupCommit } from './group-commit.ts';
import { createRetryingWrite } from './retrying-write.ts';

/** A trail with a queue before it. */
export interface AuditQueue extends AuditLog {
  /** How many entries wait to be written. */
  readonly waiting: () => number;
  /** True while entries are lost. */
  readonly isDropping: () => boolean;
  /** Resolves when everything is written; after so many milliseconds, what then fails is let go. */
  readonly close: (timeoutMs: number) => Promise<void>;
}

/** Entries of one statement at most; larger ones take longer and are no faster for each. */
const maxBatch = 256;

/** Entries that wait at most. Each of a strict trail is a request that waits as well, so a second statement is worth its cost. */
const strictLimits = { maxBatch, threshold: maxBatch / 4, maxQueued: 10_000 };
const bufferedLimits = { maxBatch, maxQueued: 50_000 };

/** Creates the trail of `AUDIT=strict`: an entry is safe when it is committed, many with one commit. */
export function createStrictAuditQueue(write: WriteEntries): AuditQueue {
  const { append, queued, idle } = createGroupCommit({ write, limits: strictLimits });
  return { append, waiting: queued, isDropping: () => false, close: idle };
}

/** What a buffered trail is built with. */
export interface BufferedAuditQueueDeps {
  readonly write: WriteEntries;
  readonly startTimer: StartTimer;
  /** Told of each entry that is lost. */
  readonly onDropped: () => void;
  readonly log: { readonly error: (about: object, message: string) => void };
  readonly limits?: typeof bufferedLimits;
}

/**
 * Creates the trail of `AUDIT=buffered`: nobody waits for the database, which gets the entries when it can. They are lost
 * with the process, and when more wait than the queue takes; that is counted and logged.
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
  const writeOrDrop = (): void => {
    // Not with the first free place: at the brim, each statement would end and begin it again.
    if (dropped === 0 || queue.queued() > limits.maxQueued / 2) return;
    log.error({ dropped }, 'audit entries were dropped, and are kept again');
    dropped = 0;
  };

  return {
    append: (entry) => {
      void queue.append(entry).then(writeOrDrop, drop);
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
