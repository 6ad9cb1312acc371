import type { Limits } from './limits.ts';
import { createMemoryRateLimiter } from './memory-rates.ts';

/** Creates the limits of one process, in bounded memory. */
export function createMemoryLimits(now: () => number): Limits {
  const rates = createMemoryRateLimiter();
  return {
    consume: (requests) => {
      const time = now();
      let waitMs = 0;
      for (const request of requests) {
        const wait = rates.waitMsFor(request, time);
        if (wait > (request.maxWaitMs ?? 0)) {
          return Promise.resolve({ exceeded: request.limit, retryAfterMs: wait });
        }
        waitMs = Math.max(waitMs, wait);
      }
      for (const request of requests) rates.consume(request, time);
      return Promise.resolve({ waitMs });
    },
    refund: (request) => {
      rates.refund(request, now());
      return Promise.resolve();
    },
  };
}
