import { principalKey, type Principal } from '../policy/principal.ts';
import type { Limits, LimitRequest } from './limits.ts';
import type { LocalRateLimiter } from './memory-limits.ts';

/** Counts a message of this principal. Returns 0 if it is allowed, otherwise the milliseconds until the next one is. */
export type CountMessage = (principal: Principal) => number;

interface MessageLimitDeps {
  readonly perMinute: number;
  readonly rates: LocalRateLimiter;
  /** The limits that replicas share; `undefined` without Redis. */
  readonly shared: Pick<Limits, 'consume'> | undefined;
  readonly now: () => number;
}

/**
 * Creates the limit of messages per minute and principal, over all its connections. It decides synchronously: a message
 * that waited for Redis would be lost if its client closed right after it. So each replica updates the shared limit
 * afterwards. A principal can exceed the limit over all replicas only with messages that it sends before that update.
 */
export function createMessageLimit(deps: MessageLimitDeps): CountMessage {
  const { perMinute, rates, shared, now } = deps;
  return (principal) => {
    const request: LimitRequest = { limit: 'messages', key: principalKey(principal), perMinute };
    const claim = rates.claim(request, now());
    if (claim.waitMs > 0) return claim.waitMs;
    claim.consume();
    void shared?.consume([request]).then((result) => {
      if ('exceeded' in result) rates.delay(request, now(), result.retryAfterMs);
    });
    return 0;
  };
}
