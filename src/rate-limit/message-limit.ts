import { principalKey, type Principal } from '../policy/principal.ts';
import type { Limits, LocalRates, Claim } from './limits.ts';

/** Counts a message of this principal: 0 when it may pass, else the milliseconds until the next one may. */
export type CountMessage = (principal: Principal) => number;

/** Where messages are counted. */
export interface MessageLimitPorts {
  readonly perMinute: number;
  readonly rates: LocalRates;
  /** The account that replicas share, where they do. */
  readonly shared: Pick<Limits, 'take'> | undefined;
  readonly now: () => number;
}

/**
 * Creates the limit of messages a minute and principal, over all its connections. It is told at once: a message that
 * waited for Redis would be lost when its client closes right after it. So replicas tell each other behind the message,
 * and what a principal has too much of on all of them together is what it sends while they do.
 */
export function createMessageLimit(ports: MessageLimitPorts): CountMessage {
  const { perMinute, rates, shared, now } = ports;
  return (principal) => {
    const claim: Claim = { limit: 'messages', key: principalKey(principal), perMinute };
    const wait = rates.waitOf(claim, now());
    if (wait > 0) return wait;
    rates.take(claim, now());
    void shared?.take([claim]).then((taken) => {
      if ('excess' in taken) rates.hold(claim, now(), taken.retryAfterMs);
    });
    return 0;
  };
}
