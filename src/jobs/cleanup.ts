import { createOutageLog, reasonOf, type OutageLogDeps } from '../observability/outage-log.ts';
import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds from the end of one sweep of all tables to the next. */
export const cleanupIntervalMs = 10 * 60 * 1000;

/** Deletes rows that no longer matter at this moment, in milliseconds since the epoch, and resolves to their number. */
export type CleanupTask = (now: number) => Promise<number>;

/** What sweeping needs. */
export interface CleanupJobDeps extends Clock {
  /** By the name of what they delete. */
  readonly tasks: Readonly<Record<string, CleanupTask>>;
  readonly log: OutageLogDeps['log'];
}

/** Sweeps now, and again ten minutes after each time, until it is stopped. A failed sweep does not stop the others. */
export function startCleanupJob({ tasks, now, startTimer, log }: CleanupJobDeps): IntervalJob {
  const outages = createOutageLog({
    log,
    messages: {
      failed: 'expired rows could not be deleted; logged once until they can',
      succeeded: 'expired rows are deleted again',
    },
  });
  return startIntervalJob(async () => {
    for (const [name, task] of Object.entries(tasks)) {
      try {
        await task(now());
        outages.succeeded(name);
      } catch (error) {
        outages.failed(name, { why: reasonOf(error) });
      }
    }
    return cleanupIntervalMs;
  }, startTimer);
}
