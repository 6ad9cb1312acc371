import { createByAge, type ByAge } from '../core/by-age.ts';
import {
  intervalOf,
  minute,
  type LocalRates,
  type RateClaim,
  type RateName,
} from '../core/limits.ts';

/** Keys of one limit at once; beyond that the one that was idle longest is forgotten, and begins anew. */
const mostKeys = 100_000;

/**
 * Keys of one limit that stay when nothing they took is left. Who asks once a second would leave a key each time, old enough
 * that only a full collection finds it: two thirds of what such a collection had to find.
 */
const fewKeys = 1_000;

/**
 * Creates rates by the generic cell rate algorithm (ITU-T I.371, annex A): a key is one number, the moment at which
 * everything that it took would have arrived, had it come evenly. That moment may be a minute ahead, and no more.
 */
export function createMemoryRates(): LocalRates {
  const limits: Readonly<Record<RateName, ByAge<number>>> = {
    authorizations: createByAge(),
    connections: createByAge(),
    failures: createByAge(),
    messages: createByAge(),
  };
  const nextOf = (claim: RateClaim, time: number): number => {
    const known = limits[claim.limit].get(claim.key) ?? time;
    // After the clock was set back nobody waits for it to come round again.
    const latest = time + minute + (claim.patience ?? 0);
    return Math.max(time, Math.min(known, latest)) + intervalOf(claim);
  };
  const put = (claim: RateClaim, time: number, moment: number): void => {
    const moments = limits[claim.limit];
    moments.put(claim.key, moment);
    moments.forgetWhile((each) => moments.size() > (each <= time ? fewKeys : mostKeys));
  };
  return {
    // Whole milliseconds: the error of adding up thirds costs nobody the last one.
    waitOf: (claim, time) => Math.max(0, Math.floor(nextOf(claim, time) - time - minute)),
    take: (claim, time) => {
      put(claim, time, nextOf(claim, time));
    },
    hold: (claim, time, wait) => {
      put(claim, time, time + minute + wait - intervalOf(claim));
    },
    giveBack: (claim, time) => {
      const moments = limits[claim.limit];
      const before = (moments.get(claim.key) ?? time) - intervalOf(claim);
      if (before > time) moments.put(claim.key, before);
      else moments.delete(claim.key);
    },
  };
}
