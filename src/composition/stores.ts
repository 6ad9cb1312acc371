import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { buildFacts } from './facts.ts';
import { buildLimits } from './limits.ts';
import type { Storage } from './storage.ts';
import { buildFactSources } from './cache.ts';
import { createCacheStats } from '../observability/metrics/cache-stats.ts';
import { createTrackedConnections } from '../database/repositories/tracked-connections.ts';
import { createRevocations } from '../database/repositories/revocations.ts';
import { createDeleteExpiredGuestSessions } from '../database/repositories/guest-sessions.ts';
import {
  createDeleteExpiredRevocations,
  type CredentialLifetimes,
} from '../database/repositories/revocation-cleanup.ts';
import { createDeleteOldChanges } from '../database/cache/change-cleanup.ts';
import { createTableCache } from '../database/cache/table-cache.ts';
import { createTickets } from '../database/repositories/tickets.ts';
import { createMemoryDeduplicate } from '../pusher/webhooks/memory-deduplicate.ts';
import { createRedisDeduplicate } from '../pusher/webhooks/redis-deduplicate.ts';

export type Stores = ReturnType<typeof buildStores>;

/** Builds what keeps facts, tickets, revocations and counts. */
export function buildStores(
  storage: Storage,
  { now, log }: { readonly now: () => number; readonly log: Logger },
) {
  const { database, redis } = storage;
  const facts = buildFacts(database);
  const revocations = createRevocations(database);
  const factLookups = createCacheStats();
  const tables = createTableCache({ now, onCacheLookup: factLookups.count });
  return {
    ...facts,
    tables,
    factLookups,
    sources: buildFactSources({ find: facts.find, revocations }, tables),
    sweepChanges: createDeleteOldChanges(database, tables),
    sweepGuestSessions: createDeleteExpiredGuestSessions(database),
    sweepRevocations: (lives: CredentialLifetimes) =>
      createDeleteExpiredRevocations(database, lives),
    tickets: createTickets(database),
    beginOnce: redis
      ? createRedisDeduplicate(redis, { now, newId: randomUUID })
      : createMemoryDeduplicate(now),
    revocations,
    limiting: buildLimits(storage, { now, log }),
    liveGrants: createTrackedConnections(database),
  };
}
