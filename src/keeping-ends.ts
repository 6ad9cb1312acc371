import type { EndGrants } from './actions/end-grants.ts';
import { leaseTime } from './actions/revoke.ts';
import type { LiveGrants } from './core/live-grant.ts';
import type { Clock, StopTimer } from './core/timer.ts';

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
export function startKeepingEnds(ports: KeepingEndsPorts): {
  /** Resolves when nothing is being ended any more. */
  readonly stop: () => Promise<void>;
} {
  const { liveGrants, endGrants, now, startTimer, log } = ports;
  let isStopped = false;
  let stopTimer: StopTimer = () => undefined;

  const look = async (): Promise<void> => {
    const claim = await liveGrants.claimDue({ now: now(), leaseUntil: now() + leaseTime });
    await Promise.all(endGrants(claim).map(({ ended }) => ended));
  };
  const run = async (): Promise<void> => {
    let next = lookInterval;
    try {
      await look();
    } catch (error) {
      next = retryInterval;
      log.warn({ err: error }, 'could not look for credentials that ended');
    }
    if (isStopped) return;
    stopTimer = startTimer(next, () => {
      current = run();
    });
  };
  let current = run();
  return {
    stop: async () => {
      isStopped = true;
      stopTimer();
      await current;
    },
  };
}
