import { principalKey, type Principal } from '../policy/principal.ts';
import type { Limits, LocalRateLimiter, LimitRequest } from './limits.ts';

/** Counts a message of this principal: 0 when it may pass, else the milliseconds until the next one may. */
export type CountMessage = (principal: Principal) => number;

/** Where messages are counted. */
export interface MessageLimitDeps {
  readonly perMinute: number;
  readonly rates: LocalRateLimiter;
  /** The account that replicas share, where they do. */
  readonly shared: Pick<Limits, 'consume'> | undefined;
  readonly now: () => number;
}

/**
 * Creates the limit of messages a minute and principal, over all its connections. It is told at once: a message that
 * waited for Redis would be lost when its client closes right after it. So replicas tell each other behind the message,
 * and what a principal has too much of on all of them together is what it sends while they do.
 */
export function createMessageLimit(deps: MessageLimitDeps): CountMessage {
  const { perMinute, rates, shared, now } = deps;
  return (principal) => {
    const claim: LimitRequest = { limit: 'messages', key: principalKey(principal), perMinute };
    const waitMs = rates.waitMsFor(claim, now());
    if (waitMs > 0) return waitMs;
    rates.consume(claim, now());
    void shared?.consume([claim]).then((result) => {
      if ('exceeded' in result) rates.delay(claim, now(), result.retryAfterMs);
    });
    return 0;
  };
}
