import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { buildFacts } from './app-facts.ts';
import { buildLimits } from './app-limits.ts';
import type { Storage } from './app-storage.ts';
import { buildFactSources } from './app-memory.ts';
import { createLookups } from './audit/lookups.ts';
import { createLiveGrants } from './resources/live-grants.ts';
import { createRevocations } from './resources/revocations.ts';
import { createSweepGuestSessions } from './resources/guest-sessions.ts';
import { createSweepRevocations, type CredentialLives } from './resources/sweep-revocations.ts';
import { createSweepChanges } from './resources/table-changes.ts';
import { createTableMemory } from './resources/table-memory.ts';
import { createTickets } from './resources/tickets.ts';
import { createMemoryOnce } from './stores/memory-once.ts';
import { createRedisOnce } from './stores/redis-once.ts';

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
