import { Cluster, Redis as Client } from 'ioredis';
import { unobserved, type Observe } from '../runtime/observe.ts';
import { createReopenable } from '../runtime/reopenable.ts';
import type { Secret } from '../runtime/secret.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { clusterOptions, redisOptions, type ConnectionSettings } from './options.ts';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';
import { misconfigurationOf, findMisconfiguration } from './server-check.ts';

/**
 * A client of a Redis server, of a Redis Cluster, or of the master that Sentinels report. All errors pass through one
 * rule.
 */
export interface Redis {
  /** Runs commands. Throws `Unavailable` on a failure or timeout; the error contains no address and no value. */
  readonly run: <T>(commands: (client: Client | Cluster) => Promise<T>) => Promise<T>;
  /**
   * Returns the reason why this server can never be used: it is another kind of server, or lacks the
   * database.
   */
  readonly misconfiguration: () => string | undefined;
  readonly close: () => Promise<void>;
}

export interface RedisOptions {
  readonly url: Secret;
  /** The setting of the URL, for messages (default `REDIS_URL`). */
  readonly setting?: string;
  /** The name of this server in `Unavailable` (default `redis`). */
  readonly dependency?: string;
  readonly log: { readonly warn: (about: object, message: string) => void };
  /** The prefix of every key, so that others can use the same server. */
  readonly keyPrefix?: string;
  /** Timeout of a connection attempt and of a command, in milliseconds. */
  readonly timeoutMs?: number;
  readonly observe?: Observe;
}

/**
 * Connects to Redis. Resolves after the first attempt, and retries until it is connected. Without a connection every
 * command fails immediately: a queue would delay requests, and would run their commands after the clients have
 * disconnected.
 */
export async function createRedis(options: RedisOptions): Promise<Redis> {
  const { url, log, keyPrefix = 'usher:', timeoutMs = 2_000, observe = unobserved } = options;
  const { setting = 'REDIS_URL', dependency = 'redis' } = options;
  const connections = createReopenable<Connection>(url, {
    open: async (text) => {
      const address = parseRedisUrl(text);
      if ('problem' in address) throw new Error(`${setting} ${address.problem}`);
      const opened = connect(address, { keyPrefix, timeoutMs, log });
      await opened.firstAttempt;
      return opened;
    },
    test: ({ isUsable }) =>
      isUsable() ? Promise.resolve() : Promise.reject(new Error('not connected')),
    close,
  });
  let connection = await connections.get();
  return {
    run: (commands) =>
      observe(async () => {
        connection = await connections.get();
        try {
          if (!connection.isUsable()) throw new Error('not connected');
          return await commands(connection.client);
        } catch (error) {
          throw new Unavailable(dependency, { cause: new Error(reasonOf(error)) });
        }
      }),
    misconfiguration: () => connection.fault()?.replaceAll('REDIS_URL', setting),
    close: connections.close,
  };
}

async function close({ client }: Connection): Promise<void> {
  await client.quit().catch(() => undefined);
  client.disconnect();
}

interface Connection {
  readonly client: Client | Cluster;
  /** True from the successful check of the server until the connection ends. */
  readonly isUsable: () => boolean;
  readonly fault: () => string | undefined;
  /** Resolves after the first attempt to connect, successful or not. */
  readonly firstAttempt: Promise<void>;
}

/** Connects, and logs one line per outage, not one per attempt to connect. */
function connect(
  address: RedisAddress,
  { keyPrefix, timeoutMs, log }: Required<Pick<RedisOptions, 'keyPrefix' | 'timeoutMs' | 'log'>>,
): Connection {
  let isUsable = false;
  let isOut = false;
  let isFailover = false;
  let reason = 'connection closed';
  let fault: string | undefined;
  const onReadOnly = (): void => {
    isFailover = true;
  };
  const client = createClient(address, { keyPrefix, timeoutMs, onReadOnly });
  const out = (): void => {
    isUsable = false;
    // A failover closes the connection to look up the new master. If the server stays a replica, that repeats with each
    // write, so it is not logged as an outage.
    if (!isOut && !isFailover) log.warn({ reason: fault ?? reason }, 'Redis is not reachable');
    isOut ||= !isFailover;
    isFailover = false;
  };
  const checkServer = async (): Promise<void> => {
    fault = await findMisconfiguration(client, address);
    if (fault !== undefined) {
      out();
      return;
    }
    isUsable = true;
    if (isOut) log.warn({}, 'Redis is reachable again');
    isOut = false;
  };
  const failed = (error: Error): void => {
    reason = reasonOf(error);
    fault = misconfigurationOf(error, address) ?? fault;
  };
  client.on('sentinelError', failed);
  // Without an `error` listener Node.js would end the process.
  client.on('error', failed);
  client.on('close', () => {
    isUsable = false;
  });
  const firstAttempt = new Promise<void>((resolve) => {
    client.on('ready', () => {
      // If the connection ends during the check, the next `ready` event starts a new check.
      resolve(checkServer().catch(() => undefined));
    });
    const failedToConnect = (): void => {
      out();
      resolve();
    };
    // Not the promise of `connect`: for a Cluster in a bad state it never settles.
    client.on('reconnecting', failedToConnect);
    // While no Sentinel replies, ioredis keeps connecting and only emits `error`.
    client.on('error', () => {
      if (address.kind === 'sentinel' && client.status === 'connecting') failedToConnect();
    });
  });
  client.connect().catch(() => undefined);
  return { client, isUsable: () => isUsable, fault: () => fault, firstAttempt };
}

function createClient(address: RedisAddress, settings: ConnectionSettings): Client | Cluster {
  return address.kind === 'cluster'
    ? new Cluster([...address.nodes], clusterOptions(address, settings))
    : new Client(redisOptions(address, settings));
}

/** Returns error codes only: errors of the driver contain addresses, and after a refused login the password. */
function reasonOf(error: unknown): string {
  const { code, message, lastNodeError } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly lastNodeError?: unknown;
  };
  // For a Cluster: the error of the last node from which the nodes of the Cluster could not be read.
  if (lastNodeError instanceof Error) return reasonOf(lastNodeError);
  if (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)) return code;
  const text = typeof message === 'string' ? message : '';
  if (text.startsWith('All sentinels are unreachable')) return 'no Sentinel responds';
  // The message of Redis 6 and 7.0 for a command in a script that the login may not run. Other versions return NOPERM.
  if (text.includes("can't run this command")) return 'NOPERM';
  // Errors of Redis begin with a code: WRONGPASS, NOAUTH, LOADING, READONLY, OOM.
  const [, word] = /^([A-Z]{3,20}) /.exec(text) ?? [];
  return word ?? (text === 'Command timed out' ? 'timeout' : 'not connected');
}
