import type { Config } from '../config/load.ts';
import type { Sweep } from '../jobs/cleanup.ts';
import type { Stores } from './stores.ts';

/** What is deleted once it can no longer matter. */
export function sweepsOf(stores: Stores, config: Config): Readonly<Record<string, Sweep>> {
  return {
    tickets: stores.tickets.sweep,
    'live grants': stores.liveGrants.sweep,
    'table changes': stores.sweepChanges,
    'guest sessions': stores.sweepGuestSessions,
    revocations: stores.sweepRevocations({
      // Where no user token is accepted, none is known to end: it may be accepted again after a restart.
      userTokenMaxAge: config.userTokens?.maxAge ?? Infinity,
      // Sanctum tokens and the sessions of a host may live for ever, and a session has no issue time.
      onlyJwts: config.sanctum === undefined && config.sessions === undefined,
      retention: config.revocationRetention,
    }),
  };
}
