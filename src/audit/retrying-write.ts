import type { StartTimer } from '../runtime/timer.ts';
import { isOutage, RowRefused } from '../runtime/unavailable.ts';
import type { AuditEntry, WriteEntries } from './audit-event.ts';

interface RetryingWrite {
  /** Retries while the database is unavailable. Throws `RowRefused`, and after `abort` also `Unavailable`. */
  readonly write: WriteEntries;
  /** Stops the retries. */
  readonly abort: () => void;
}

const [firstRetryMs, maxRetryMs] = [100, 5_000];

/** Retries a write with exponential delays. */
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
