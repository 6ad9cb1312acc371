import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-url.ts';

/** How long the next attempt to connect may wait, in milliseconds. */
const maxRetryMs = 1_000;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, maxRetryMs);

/** What each connection is made with. */
export interface ConnectionSettings {
  readonly keyPrefix: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Called before a new connection is made because the server became a replica. */
  readonly onReadOnly: () => void;
}

/** The options of a connection to one server, or to the master that Sentinels name. */
export function redisOptions(address: RedisAddress, settings: ConnectionSettings) {
  const { keyPrefix, timeoutMs, onReadOnly } = settings;
  const [node] = address.nodes;
  return {
    ...connectionOptions(address, timeoutMs),
    ...(address.sentinel ? sentinelOptions(address, timeoutMs) : node),
    keyPrefix,
    db: address.database,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy,
    // After a failover the next connection finds the new master, behind the same name or from a Sentinel.
    reconnectOnError: ({ message }: Error) => {
      const isReadOnly = message.startsWith('READONLY');
      if (isReadOnly) onReadOnly();
      return isReadOnly;
    },
  } satisfies RedisOptions;
}

/** The options of the connections to a Redis Cluster. */
export function clusterOptions(
  address: RedisAddress,
  { keyPrefix, timeoutMs }: ConnectionSettings,
) {
  return {
    redisOptions: connectionOptions(address, timeoutMs),
    keyPrefix,
    lazyConnect: true,
    // A node is connected to when it is first needed, and commands wait for that, within their time-out.
    enableOfflineQueue: true,
    clusterRetryStrategy: retryStrategy,
    // A command whose answer was lost is not sent again; for a moved slot twice is enough.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
    slotsRefreshTimeout: timeoutMs,
    // A node that is gone sends no redirection, so this alone finds the one that took over.
    slotsRefreshInterval: maxRetryMs,
    // By its name, where it announces one: its certificate does not have its address.
    ...(address.tls && { dnsLookup }),
  } satisfies ClusterOptions;
}

function connectionOptions({ login, tls }: RedisAddress, timeoutMs: number) {
  return {
    ...login,
    ...(tls && { tls: {} }),
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A frozen server keeps its connection; only this one frees us from it.
    socketTimeout: timeoutMs * 2,
    // A command whose answer was lost is not sent again: it would be counted twice.
    maxRetriesPerRequest: 0,
  } satisfies RedisOptions;
}

const dnsLookup: NonNullable<ClusterOptions['dnsLookup']> = (name, found) => {
  found(null, name);
};

function sentinelOptions({ nodes, sentinel, tls }: RedisAddress, timeoutMs: number) {
  const { username, password } = sentinel?.login ?? {};
  return {
    sentinels: [...nodes],
    ...(sentinel && { name: sentinel.master }),
    ...(username !== undefined && { sentinelUsername: username }),
    ...(password !== undefined && { sentinelPassword: password }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    sentinelCommandTimeout: timeoutMs,
    sentinelRetryStrategy: retryStrategy,
  } satisfies RedisOptions;
}
