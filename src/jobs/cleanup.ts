import { createOutageLog, reasonOf, type OutageLogPorts } from '../observability/outage-log.ts';
import { startRepeating, type Repeating } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds from the end of one sweep of all tables to the next. */
export const sweepInterval = 10 * 60 * 1000;

/** Deletes rows that no longer matter at this moment, in milliseconds since the epoch, and resolves to their number. */
export type Sweep = (now: number) => Promise<number>;

/** What sweeping needs. */
export interface SweepingPorts extends Clock {
  /** By the name of what they delete. */
  readonly sweeps: Readonly<Record<string, Sweep>>;
  readonly log: OutageLogPorts['log'];
}

/** Sweeps now, and again ten minutes after each time, until it is stopped. A failed sweep does not stop the others. */
export function startSweeping({ sweeps, now, startTimer, log }: SweepingPorts): Repeating {
  const outages = createOutageLog({
    log,
    messages: {
      failed: 'expired rows could not be deleted; logged once until they can',
      succeeded: 'expired rows are deleted again',
    },
  });
  return startRepeating(async () => {
    for (const [name, sweep] of Object.entries(sweeps)) {
      try {
        await sweep(now());
        outages.succeeded(name);
      } catch (error) {
        outages.failed(name, { why: reasonOf(error) });
      }
    }
    return sweepInterval;
  }, startTimer);
}
