import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { buildFacts } from './facts.ts';
import { buildLimits } from './limits.ts';
import type { Storage } from './storage.ts';
import { buildFactSources } from './cache.ts';
import { createLookups } from '../observability/metrics/cache-stats.ts';
import { createLiveGrants } from '../database/repositories/tracked-connections.ts';
import { createRevocations } from '../database/repositories/revocations.ts';
import { createSweepGuestSessions } from '../database/repositories/guest-sessions.ts';
import {
  createSweepRevocations,
  type CredentialLives,
} from '../database/repositories/revocation-cleanup.ts';
import { createSweepChanges } from '../database/cache/change-cleanup.ts';
import { createTableMemory } from '../database/cache/table-cache.ts';
import { createTickets } from '../database/repositories/tickets.ts';
import { createMemoryOnce } from '../pusher/webhooks/memory-deduplicate.ts';
import { createRedisOnce } from '../pusher/webhooks/redis-deduplicate.ts';

export type Stores = ReturnType<typeof buildStores>;

/** Builds what keeps facts, tickets, revocations and counts. */
export function buildStores(
  storage: Storage,
  { now, log }: { readonly now: () => number; readonly log: Logger },
) {
  const { database, redis } = storage;
  const facts = buildFacts(database);
  const revocations = createRevocations(database);
  const factLookups = createLookups();
  const tables = createTableMemory({ now, onLookup: factLookups.count });
  return {
    ...facts,
    tables,
    factLookups,
    sources: buildFactSources({ find: facts.find, revocations }, tables),
    sweepChanges: createSweepChanges(database, tables),
    sweepGuestSessions: createSweepGuestSessions(database),
    sweepRevocations: (lives: CredentialLives) => createSweepRevocations(database, lives),
    tickets: createTickets(database),
    beginOnce: redis ? createRedisOnce(redis, { now, newId: randomUUID }) : createMemoryOnce(now),
    revocations,
    limiting: buildLimits(storage, { now, log }),
    liveGrants: createLiveGrants(database),
  };
}
