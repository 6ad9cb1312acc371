import type { EndConnections } from '../authorize/revocation/end-connections.ts';
import { leaseTimeMs } from '../authorize/revocation/revoke.ts';
import { createOutageLog, reasonOf, type OutageLogPorts } from '../observability/outage-log.ts';
import type { LiveGrants } from '../pusher/tracked-connection.ts';
import { startRepeating, type Repeating } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds from one search for grants that are due to the next, and after a search that failed. */
const interval = 1_000;
const retryInterval = 5_000;

/** What keeping ends needs. */
export interface KeepingEndsPorts extends Clock {
  readonly liveGrants: Pick<LiveGrants, 'claimDue'>;
  readonly endConnections: EndConnections;
  /** Aborted when Usher begins to close. */
  readonly closing: AbortSignal;
  readonly log: OutageLogPorts['log'];
}

/** Ends connections whose credential ended, from now on until it is stopped. All state is in the ledger, so a restart loses nothing. */
export function startKeepingEnds(ports: KeepingEndsPorts): Repeating {
  const { startTimer, log } = ports;
  const searches = createOutageLog({
    log,
    messages: {
      failed: 'could not look for credentials that ended; logged once until it can',
      succeeded: 'credentials that ended are found again',
    },
  });
  return startRepeating(async () => {
    try {
      await endAllDue(ports);
      searches.succeeded('database');
      return interval;
    } catch (error) {
      searches.failed('database', { why: reasonOf(error) });
      return retryInterval;
    }
  }, startTimer);
}

/** Claim after claim, since one takes a limited number: thousands of tokens may end in the same second. */
async function endAllDue({
  liveGrants,
  endConnections,
  closing,
  now,
}: KeepingEndsPorts): Promise<void> {
  while (!closing.aborted) {
    const claim = await liveGrants.claimDue({ now: now(), leaseUntil: now() + leaseTimeMs });
    if (claim.users.length === 0) return;
    await Promise.all(endConnections(claim).map(({ outcome }) => outcome));
  }
}
