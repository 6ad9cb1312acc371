import type { Config } from '../config/load.ts';
import type { CleanupTask } from '../jobs/cleanup.ts';
import type { Stores } from './stores.ts';

/** What is deleted once it can no longer matter. */
export function cleanupTasks(
  stores: Stores,
  config: Config,
): Readonly<Record<string, CleanupTask>> {
  return {
    tickets: stores.tickets.deleteExpired,
    'live grants': stores.liveGrants.deleteExpired,
    'table changes': stores.sweepChanges,
    'guest sessions': stores.sweepGuestSessions,
    revocations: stores.sweepRevocations({
      // Where no user token is accepted, none is known to end: it may be accepted again after a restart.
      userTokenMaxAgeMs: config.userTokens?.maxAgeMs ?? Infinity,
      // Sanctum tokens and the sessions of a host may live for ever, and a session has no issue time.
      onlyJwts: config.sanctum === undefined && config.sessions === undefined,
      retentionMs: config.revocationRetentionMs,
    }),
  };
}
