import type { EndConnections } from '../authorize/revocation/end-connections.ts';
import { leaseTimeMs } from '../authorize/revocation/revoke.ts';
import { createOutageLog, reasonOf, type OutageLogDeps } from '../observability/outage-log.ts';
import type { TrackedConnections } from '../pusher/tracked-connection.ts';
import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds between two searches for due connections, and after a failed search. */
const intervalMs = 1_000;
const retryIntervalMs = 5_000;

interface ExpiryJobDeps extends Clock {
  readonly trackedConnections: Pick<TrackedConnections, 'leaseDue'>;
  readonly endConnections: EndConnections;
  /** Aborted when Usher begins to close. */
  readonly closing: AbortSignal;
  readonly log: OutageLogDeps['log'];
}

/**
 * Terminates connections whose credential has expired, until the job is stopped. All state is in the database, so a
 * restart loses nothing.
 */
export function startExpiryJob(deps: ExpiryJobDeps): IntervalJob {
  const { startTimer, log } = deps;
  const searches = createOutageLog({
    log,
    messages: {
      failed: 'expired credentials could not be read; logged once until it succeeds',
      succeeded: 'expired credentials can be read again',
    },
  });
  return startIntervalJob(async () => {
    try {
      await terminateDue(deps);
      searches.succeeded('database');
      return intervalMs;
    } catch (error) {
      searches.failed('database', { why: reasonOf(error) });
      return retryIntervalMs;
    }
  }, startTimer);
}

/**
 * Acquires one lease after another, because a lease is limited and thousands of tokens may expire in the same second.
 */
async function terminateDue({
  trackedConnections,
  endConnections,
  closing,
  now,
}: ExpiryJobDeps): Promise<void> {
  while (!closing.aborted) {
    const lease = await trackedConnections.leaseDue({
      now: now(),
      leaseUntil: now() + leaseTimeMs,
    });
    if (lease.users.length === 0) return;
    await Promise.all(endConnections(lease).map(({ outcome }) => outcome));
  }
}
