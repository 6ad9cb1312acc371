import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-url.ts';

/** Maximum delay before the next attempt to connect, in milliseconds. */
const maxRetryMs = 1_000;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, maxRetryMs);

/** The settings of each connection. */
export interface ConnectionSettings {
  readonly keyPrefix: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Called before a reconnect because the server became a replica. */
  readonly onReadOnly: () => void;
}

/** The options of a connection to one server, or to the master that Sentinels report. */
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
    // After a failover the next connection reaches the new master, by the same host name or from a Sentinel.
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
    // ioredis connects to a node when it is first needed. Commands are queued until then, within their timeout.
    enableOfflineQueue: true,
    clusterRetryStrategy: retryStrategy,
    // A command without a reply is not sent again, because it may have run. A moved slot needs two attempts at most.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
    slotsRefreshTimeout: timeoutMs,
    // A failed node sends no redirection, so only this refresh finds its replacement.
    slotsRefreshInterval: maxRetryMs,
    // Uses the host name that a node announces, because its certificate does not contain its address.
    ...(address.tls && { dnsLookup }),
  } satisfies ClusterOptions;
}

function connectionOptions({ login, tls }: RedisAddress, timeoutMs: number) {
  return {
    ...login,
    ...(tls && { tls: {} }),
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A frozen server keeps its connection open; only this timeout closes it.
    socketTimeout: timeoutMs * 2,
    // A command without a reply is not sent again, because it could be counted twice.
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
