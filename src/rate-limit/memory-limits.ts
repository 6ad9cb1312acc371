import type { Limits } from './limits.ts';
import { createMemoryRates } from './memory-rates.ts';

/** Creates the limits of one process, in memory that is bounded. */
export function createMemoryLimits(now: () => number): Limits {
  const rates = createMemoryRates();
  return {
    take: (claims) => {
      const time = now();
      let waitMs = 0;
      for (const claim of claims) {
        const wait = rates.waitOf(claim, time);
        if (wait > (claim.patience ?? 0)) {
          return Promise.resolve({ excess: claim.limit, retryAfterMs: wait });
        }
        waitMs = Math.max(waitMs, wait);
      }
      for (const claim of claims) rates.take(claim, time);
      return Promise.resolve({ waitMs });
    },
    giveBack: (claim) => {
      rates.giveBack(claim, now());
      return Promise.resolve();
    },
  };
}
