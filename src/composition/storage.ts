import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { Secret } from '../runtime/secret.ts';
import { runAllSteps } from '../runtime/run-all-steps.ts';
import { createDatabase, type Database } from '../database/client.ts';
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts';
import { prepareDatabase } from '../database/prepare-database.ts';
import { StartRefused } from '../runtime/start-refused.ts';
import type { Redis } from '../redis/client.ts';

/** Where everything that lasts is kept. */
export interface Storage {
  readonly database: Database;
  /** The address of that database, for a connection that is not one of its pool. */
  readonly databaseUrl: Secret;
  readonly redis: Redis | undefined;
  readonly close: () => Promise<void>;
}

/** Opens the database, migrated, and Redis where there is one. Throws when the database cannot be had, with nothing left running. */
export async function openStorage(
  { database: where, redis: redisUrl }: Config,
  log: Logger,
  signal?: AbortSignal,
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
    const redis = redisUrl && (await openRedis(redisUrl, log));
    const database = createDatabase({ url, role, schema });
    const close = () => runAllSteps([() => redis?.close(), database.close, () => embedded?.stop()]);
    return { database, databaseUrl: url, redis, close };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/**
 * Connects to Redis. One that is away may come back, so the start goes on; another kind of server never will, so it is
 * refused. Its client is 14 MB that an Usher without Redis need not load.
 */
async function openRedis(url: Secret, log: Logger): Promise<Redis> {
  const { createRedis } = await import('../redis/client.ts');
  const redis = await createRedis({ url, log });
  const fault = redis.misconfiguration();
  if (fault === undefined) return redis;
  await redis.close();
  throw new StartRefused(`${fault}.`);
}
