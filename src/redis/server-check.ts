import type { Cluster, Redis as Client } from 'ioredis';
import type { RedisAddress } from './redis-url.ts';

const faults = {
  isSentinel:
    'REDIS_URL names a Sentinel. Set REDIS_URL=redis+sentinel://host:port/name, with the name of the master that it watches',
  isNoSentinel:
    'REDIS_URL names no Sentinel, although it begins with redis+sentinel://. Set the addresses of the Sentinels (port 26379 by default), or REDIS_URL=redis://host:port for a single Redis',
  isClusterNode:
    'REDIS_URL names one node of a Redis Cluster. Set REDIS_URL=redis+cluster://host:port, with some of its nodes separated by commas',
  isNoCluster:
    'REDIS_URL names no node of a Redis Cluster, although it begins with redis+cluster://. Set REDIS_URL=redis://host:port for a single Redis, redis+sentinel://host:port/name for Sentinels',
  isNoRedis: 'REDIS_URL names a server that does not speak the Redis protocol. Check host and port',
  isUnknownMaster:
    'The Sentinels of REDIS_URL watch no master of the name that it ends with. Set the name from "sentinel monitor" in their configuration',
  hasNoDatabase:
    'REDIS_URL names a database that this Redis does not have or does not permit. Set one from 0 to the server’s setting "databases" minus 1 (0 to 15 by default)',
} as const;

/**
 * Checks whether a connected server is of the kind that `REDIS_URL` names. Resolves to `undefined` if it is, otherwise
 * to a sentence with the actual kind and the required setting. Throws if the connection ends during the check.
 */
export async function findMisconfiguration(
  client: Client | Cluster,
  { kind, database }: RedisAddress,
): Promise<string | undefined> {
  // A Cluster, or a master that Sentinels reported, needs no check: no other server could have replied to the commands
  // that found it.
  const mode = kind === 'single' ? await modeOf(client) : 'standalone';
  if (mode !== 'standalone') return mode === 'sentinel' ? faults.isSentinel : faults.isClusterNode;
  if (database === 0) return undefined;
  // ioredis continues with database 0, which may contain keys of others with the same names.
  const reply = await client.select(database).catch(withoutCommand);
  return reply instanceof Error ? faults.hasNoDatabase : undefined;
}

/**
 * Returns the misconfiguration if an attempt to connect failed because of the kind of server, not because of an outage.
 */
export function misconfigurationOf(error: Error, { kind }: RedisAddress): string | undefined {
  const { lastNodeError } = error as Error & { readonly lastNodeError?: Error };
  const message = `${error.message} ${lastNodeError?.message ?? ''}`;
  // ioredis ends its errors about unparsable bytes with this text.
  if (message.includes('Please report this')) return faults.isNoRedis;
  if (kind === 'cluster') {
    return /cluster support disabled|unknown command/i.test(message)
      ? faults.isNoCluster
      : undefined;
  }
  if (kind === 'single') return undefined;
  if (/unknown command/i.test(message)) return faults.isNoSentinel;
  return message.includes('No such master') ? faults.isUnknownMaster : undefined;
}

/** Returns `standalone` also if the login may not run the command. A failure then shows when the limits are used. */
async function modeOf(client: Client | Cluster): Promise<'standalone' | 'sentinel' | 'cluster'> {
  const info = await client.info('server').catch(withoutCommand);
  const mode = /^redis_mode:(\w+)/m.exec(String(info))?.[1];
  if (mode === 'sentinel') return 'sentinel';
  if (mode !== 'cluster') return 'standalone';
  // A Cluster of one node has all keys, so it can be used like a single Redis.
  const cluster = await client.cluster('INFO').catch(withoutCommand);
  return /^cluster_size:1\r?$/m.test(String(cluster)) ? 'standalone' : 'cluster';
}

/** Returns an error reply of the server. Rethrows any other error, because there was no reply. */
function withoutCommand(error: Error): Error {
  if (error.name === 'ReplyError') return error;
  throw error;
}
