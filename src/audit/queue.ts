import type { StartTimer } from '../runtime/timer.ts';
import type { AuditTrail, WriteEntries } from './audit-event.ts';
import { createGroupCommit } from './group-commit.ts';
import { createPersistentWrite } from './retrying-write.ts';

/** A trail with a queue before it. */
export interface QueuedTrail extends AuditTrail {
  /** How many entries wait to be written. */
  readonly waiting: () => number;
  /** True while entries are lost. */
  readonly isDropping: () => boolean;
  /** Resolves when everything is written; after so many milliseconds, what then fails is let go. */
  readonly close: (patience: number) => Promise<void>;
}

/** Entries of one statement at most; larger ones take longer and are no faster for each. */
const batch = 256;

/** Entries that wait at most. Each of a strict trail is a request that waits as well, so a second statement is worth its cost. */
const strictLimits = { batch, crowd: batch / 4, waiting: 10_000 };
const bufferedLimits = { batch, waiting: 50_000 };

/** Creates the trail of `AUDIT=strict`: an entry is safe when it is committed, many with one commit. */
export function createStrictTrail(write: WriteEntries): QueuedTrail {
  const { append, waiting, idle } = createGroupCommit({ write, limits: strictLimits });
  return { append, waiting, isDropping: () => false, close: idle };
}

/** What a buffered trail is built with. */
export interface BufferedTrailPorts {
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
export function createBufferedTrail({
  write,
  startTimer,
  onDropped,
  log,
  limits = bufferedLimits,
}: BufferedTrailPorts): QueuedTrail {
  const persistent = createPersistentWrite({ write, startTimer });
  const queue = createGroupCommit({ write: persistent.write, limits });
  let dropped = 0;

  const drop = (error: unknown): void => {
    onDropped();
    if (dropped === 0) log.error({ err: error }, 'audit entries are being dropped');
    dropped += 1;
  };
  const kept = (): void => {
    // Not with the first free place: at the brim, each statement would end and begin it again.
    if (dropped === 0 || queue.waiting() > limits.waiting / 2) return;
    log.error({ dropped }, 'audit entries were dropped, and are kept again');
    dropped = 0;
  };

  return {
    append: (entry) => {
      void queue.append(entry).then(kept, drop);
      return Promise.resolve(true);
    },
    waiting: queue.waiting,
    isDropping: () => dropped > 0,
    close: async (patience) => {
      const stopTimer = startTimer(patience, persistent.giveUp);
      await queue.idle();
      stopTimer();
      if (dropped > 0) log.error({ dropped }, 'audit entries were dropped');
    },
  };
}
