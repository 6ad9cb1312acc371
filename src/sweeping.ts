import type { Clock } from './core/timer.ts';
import { startRepeating, type Repeating } from './repeating.ts';

/** How long expired tickets wait until they are removed again, in milliseconds. */
export const sweepInterval = 10 * 60 * 1000;

/** What sweeping needs. */
export interface SweepingPorts extends Clock {
  /** Removes what is over, and says how many those were. */
  readonly sweep: (now: number) => Promise<number>;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Sweeps now, and again ten minutes after each sweep, until it is stopped; what failed is tried again then. */
export function startSweeping({ sweep, now, startTimer, log }: SweepingPorts): Repeating {
  return startRepeating(async () => {
    try {
      await sweep(now());
    } catch (error) {
      log.warn({ err: error }, 'expired tickets could not be removed');
    }
    return sweepInterval;
  }, startTimer);
}
