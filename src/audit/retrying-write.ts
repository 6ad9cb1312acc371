import type { StartTimer } from '../runtime/timer.ts';
import { isOutage, RowRefused } from '../runtime/unavailable.ts';
import type { AuditEntry, WriteEntries } from './audit-event.ts';

/** A write that outlasts outages. */
export interface RetryingWrite {
  /** Writes, again and again while the database cannot answer. Throws `RowRefused`, and after `giveUp` also `Unavailable`. */
  readonly write: WriteEntries;
  /** From now on no attempt is followed by another. */
  readonly abort: () => void;
}

/** Milliseconds before the second attempt, and at most between two. */
const [firstRetryMs, maxRetryMs] = [100, 5_000];

/** Creates a write that tries again, with growing pauses. */
export function createRetryingWrite({
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
          // A batch is kept whole or not at all, and sent again as it was: an attempt without an answer has succeeded.
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
