import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { Policy } from '../policy/policy.ts';
import { createDeleteOldChanges } from '../database/cache/change-cleanup.ts';
import { createTableCache } from '../database/cache/freshness.ts';
import { createDatabase, type Database } from '../database/client.ts';
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts';
import { prepareDatabase } from '../database/prepare-database.ts';
import { deleteExpiredGuestSessions } from '../database/repositories/guest-sessions.ts';
import {
  deleteExpiredRevocations,
  type CredentialLifetimes,
} from '../database/repositories/revocation-cleanup.ts';
import { createRevocations } from '../database/repositories/revocations.ts';
import { createTickets } from '../database/repositories/tickets.ts';
import { createTrackedConnections } from '../database/repositories/tracked-connections.ts';
import { buildFacts } from '../facts/build-facts.ts';
import type { FactsAtSources } from '../facts/facts-at-sources.ts';
import { buildFactSources } from '../facts/fact-sources.ts';
import type { CleanupTask } from '../jobs/cleanup.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import { createMemoryDeduplicate } from '../pusher/webhooks/deduplicate.ts';
import { createRedisDeduplicate } from '../pusher/webhooks/redis-deduplicate.ts';
import type { Limits } from '../rate-limit/limits.ts';
import { createMemoryLimits } from '../rate-limit/memory-limits.ts';
import { createRedisLimits } from '../rate-limit/redis-limits.ts';
import {
  createSharedLimits,
  type SharedLimits,
  type SharedLimitsDeps,
} from '../rate-limit/shared-limits.ts';
import type { Redis, RedisOptions } from '../redis/client.ts';
import { runAllSteps } from '../runtime/run-all-steps.ts';
import type { Secret } from '../runtime/secret.ts';
import type { Peers } from '../workers/peers.ts';
import { createPrimaryDeduplicate } from '../workers/primary-deduplicate.ts';
import { createPrimaryLimits } from '../workers/primary-limits.ts';
import { StartRefused } from '../runtime/start-refused.ts';

/** The connections to PostgreSQL and Redis. */
export interface Storage {
  readonly database: Database;
  /** The same database over separate connections, which are opened with their first use: shadow mode must not delay decisions. */
  readonly watching: Database;
  /** The URL of the database, for a connection outside its pool. */
  readonly databaseUrl: Secret;
  readonly redis: Redis | undefined;
  readonly close: () => Promise<void>;
}

interface StorageDeps {
  readonly log: Logger;
  readonly dependencies: Pick<Dependencies, 'watch'>;
  /** Aborts the wait for the database. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens and migrates the database, and connects to Redis if it is configured. If the database is unavailable, it throws
 * and leaves nothing running.
 */
export async function openStorage(
  { database: where, redis: redisUrl }: Config,
  { log, dependencies, signal }: StorageDeps,
): Promise<Storage> {
  const embedded =
    'dataDir' in where ? await startEmbeddedPostgres({ dataDir: where.dataDir, log }) : undefined;
  const url = 'url' in where ? where.url : embedded?.url;
  if (url === undefined) throw new Error('No database');
  try {
    const { schema } = where;
    const { role, applied, moved } = await prepareDatabase(url, { schema, signal });
    if (moved.length > 0) log.info({ moved, schema }, 'tables moved from the schema public');
    if (applied.length > 0) log.info({ applied }, 'migrations applied');
    const { observe } = dependencies.watch('database');
    const redis =
      redisUrl &&
      (await openRedis({ url: redisUrl, log, observe: dependencies.watch('redis').observe }));
    const database = createDatabase({ url, role, schema, observe });
    const watching = createDatabase({ url, role, schema, poolSize: 2 });
    const close = () =>
      runAllSteps([() => redis?.close(), watching.close, database.close, () => embedded?.stop()]);
    return { database, watching, databaseUrl: url, redis, close };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/**
 * Connects to Redis. An outage does not prevent the start, because Redis may recover. A misconfigured server does
 * prevent it. The client takes 14 MB, so it is loaded only if Redis is configured.
 */
async function openRedis(options: RedisOptions): Promise<Redis> {
  const { createRedis } = await import('../redis/client.ts');
  const redis = await createRedis(options);
  const fault = redis.misconfiguration();
  if (fault === undefined) return redis;
  await redis.close();
  throw new StartRefused(`${fault}.`);
}

export type Stores = ReturnType<typeof buildStores>;

/** Builds the stores of facts, tickets, revocations, tracked connections and limits. */
export function buildStores(
  { database, redis }: Storage,
  {
    now,
    log,
    factsAtSources,
    peers: { callPrimary },
  }: {
    readonly now: () => number;
    readonly log: Logger;
    readonly factsAtSources: Pick<FactsAtSources, 'find' | 'list'>;
    readonly peers: Pick<Peers, 'callPrimary'>;
  },
) {
  const facts = buildFacts(database, factsAtSources);
  const revocations = createRevocations(database);
  const factLookups = { hits: 0, misses: 0 };
  const tables = createTableCache({ now, lookups: factLookups });
  return {
    ...facts,
    tables,
    factLookups,
    sources: buildFactSources({ ...facts.reads, revocations }, tables, factsAtSources.find),
    deleteOldChanges: createDeleteOldChanges(database, tables),
    deleteExpiredGuestSessions: (now: number) => deleteExpiredGuestSessions(database, now),
    deleteExpiredRevocations: (lifetimes: CredentialLifetimes) => (now: number) =>
      deleteExpiredRevocations(database, lifetimes, now),
    tickets: createTickets(database),
    beginOnce: redis
      ? createRedisDeduplicate(redis, { now, newId: randomUUID })
      : callPrimary
        ? createPrimaryDeduplicate(callPrimary)
        : createMemoryDeduplicate(now),
    revocations,
    limiting: buildLimits(redis, {
      local: callPrimary ? createPrimaryLimits(callPrimary) : createMemoryLimits(now),
      now,
      log,
    }),
    trackedConnections: createTrackedConnections(database),
  };
}

/** The limits. `shared` is the same object if replicas share their limits in Redis. */
interface BuiltLimits {
  readonly limits: Limits;
  readonly shared: SharedLimits | undefined;
}

/** Builds the limits: local ones, or limits that all replicas share while Redis is reachable. */
function buildLimits(
  redis: Redis | undefined,
  deps: Pick<SharedLimitsDeps, 'local' | 'now' | 'log'>,
): BuiltLimits {
  if (redis === undefined) return { limits: deps.local, shared: undefined };
  const inRedis = createRedisLimits(redis, deps.now);
  const shared = createSharedLimits({ ...deps, shared: inRedis, probeShared: inRedis.probe });
  return { limits: shared, shared };
}

/** The tasks of the cleanup job, by their names in the log. */
export function cleanupTasks(
  stores: Stores,
  config: Config,
  policy: () => Policy,
): Readonly<Record<string, CleanupTask>> {
  return {
    tickets: stores.tickets.deleteExpired,
    'tracked connections': stores.trackedConnections.deleteExpired,
    'table changes': stores.deleteOldChanges,
    'guest sessions': stores.deleteExpiredGuestSessions,
    revocations: stores.deleteExpiredRevocations({
      userTokenMaxAgeMs: () => longestTokens(config, policy()),
      // Sanctum tokens and the application's sessions may have no expiry, and a session has no issue time. Passport's tokens have
      // no maximum lifetime.
      onlyJwts: [config.sanctum, config.passport, config.tokenIntrospection, config.sessions].every(
        (one) => one === undefined,
      ),
      retentionMs: config.revocationRetentionMs,
    }),
  };
}

/** Without user tokens the maximum age is unknown, because the setting may be restored with a restart. */
function longestTokens({ userTokens }: Config, { issuers }: Policy): number {
  const ages = [...issuers.values()].map(({ tokens }) =>
    tokens ? (tokens.maxAgeMs ?? Infinity) : 0,
  );
  return Math.max(userTokens?.maxAgeMs ?? Infinity, ...ages);
}
