import type { Claim, Limits } from '../core/limits.ts';
import { createMemoryPlaces } from './memory-places.ts';
import { createMemoryRates } from './memory-rates.ts';

/** Creates the limits of one process, in memory that is bounded. */
export function createMemoryLimits(now: () => number): Limits {
  const rates = createMemoryRates();
  const places = createMemoryPlaces();
  const waitOf = (claim: Claim, time: number): number =>
    claim.limit === 'subscriptions' ? places.waitOf(claim, time) : rates.waitOf(claim, time);
  return {
    take: (claims) => {
      const time = now();
      let waitMs = 0;
      for (const claim of claims) {
        const wait = waitOf(claim, time);
        const patience = claim.limit === 'subscriptions' ? 0 : (claim.patience ?? 0);
        if (wait > patience) {
          return Promise.resolve({ excess: claim.limit, retryAfterMs: wait });
        }
        waitMs = Math.max(waitMs, wait);
      }
      for (const claim of claims) {
        if (claim.limit === 'subscriptions') places.take(claim, time);
        else rates.take(claim, time);
      }
      return Promise.resolve({ waitMs });
    },
    giveBack: (claim) => {
      rates.giveBack(claim, now());
      return Promise.resolve();
    },
  };
}
