import { createOutageLog, reasonOf, type OutageLogDeps } from '../observability/outage-log.ts';
import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds from the end of one cleanup of all tables to the next. */
export const cleanupIntervalMs = 10 * 60 * 1000;

/** Deletes rows that have expired by `now`, in milliseconds since the epoch, and resolves to their number. */
export type CleanupTask = (now: number) => Promise<number>;

interface CleanupJobDeps extends Clock {
  /** By name of the deleted rows. */
  readonly tasks: Readonly<Record<string, CleanupTask>>;
  readonly log: OutageLogDeps['log'];
}

/**
 * Runs all tasks immediately, and again ten minutes after each run, until the job is stopped. A failed task does not
 * stop the others.
 */
export function startCleanupJob({ tasks, now, startTimer, log }: CleanupJobDeps): IntervalJob {
  const outages = createOutageLog({
    log,
    messages: {
      failed: 'expired rows could not be deleted; logged once until it succeeds',
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
