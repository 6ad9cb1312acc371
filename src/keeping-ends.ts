import type { EndGrants } from './actions/end-grants.ts';
import { leaseTime } from './actions/revoke.ts';
import type { LiveGrants } from './core/live-grant.ts';
import type { Clock } from './core/timer.ts';
import { startRepeating, type Repeating } from './repeating.ts';

/** How often is looked for grants that are due, and how long is waited after a look that failed; in milliseconds. */
const lookInterval = 1_000;
const retryInterval = 5_000;

/** What keeping ends needs. */
export interface KeepingEndsPorts extends Clock {
  readonly liveGrants: Pick<LiveGrants, 'claimDue'>;
  readonly endGrants: EndGrants;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Ends connections whose credential ended, from now on until it is stopped. All that it knows is in the ledger, so a restart loses nothing. */
export function startKeepingEnds(ports: KeepingEndsPorts): Repeating {
  const { liveGrants, endGrants, now, startTimer, log } = ports;
  return startRepeating(async () => {
    try {
      const claim = await liveGrants.claimDue({ now: now(), leaseUntil: now() + leaseTime });
      await Promise.all(endGrants(claim).map(({ ended }) => ended));
      return lookInterval;
    } catch (error) {
      log.warn({ err: error }, 'could not look for credentials that ended');
      return retryInterval;
    }
  }, startTimer);
}
