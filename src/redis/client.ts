import { Cluster, Redis as Client } from 'ioredis';
import { unobserved, type Observe } from '../runtime/observe.ts';
import type { Secret } from '../runtime/secret.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { clusterOptions, redisOptions, type ConnectionSettings } from './options.ts';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';
import { misconfigurationOf, findMisconfiguration } from './server-check.ts';

/** A Redis server, a Redis Cluster, or the master that Sentinels name, behind one rule for errors. */
export interface Redis {
  /** Runs commands. Throws `Unavailable` when Redis could not answer in time, never with its address or a value. */
  readonly run: <T>(commands: (client: Client | Cluster) => Promise<T>) => Promise<T>;
  /** A sentence that says why this can never be used: another kind of server, a database that it does not have. */
  readonly misconfiguration: () => string | undefined;
  /** Ends the connection. */
  readonly close: () => Promise<void>;
}

export interface RedisOptions {
  readonly url: Secret;
  readonly log: { readonly warn: (about: object, message: string) => void };
  /** What every key begins with, so that others may use the same server. */
  readonly keyPrefix?: string;
  /** Milliseconds after which a connection attempt or a command is given up. */
  readonly timeoutMs?: number;
  readonly observe?: Observe;
}

/**
 * A connection to Redis, tried once before this resolves and again for as long as there is none.
 * While there is none every command fails at once: a queue would let requests hang, and replay them when nobody waits any more.
 */
export async function createRedis(options: RedisOptions): Promise<Redis> {
  const { url, log, keyPrefix = 'usher:', timeoutMs = 2_000, observe = unobserved } = options;
  const address = parseRedisUrl(url.reveal());
  if ('problem' in address) throw new Error(`REDIS_URL ${address.problem}`);
  const connection = connect(address, { keyPrefix, timeoutMs, log });
  await connection.firstAttempt;
  return {
    run: (commands) =>
      observe(async () => {
        try {
          if (!connection.isUsable()) throw new Error('not connected');
          return await commands(connection.client);
        } catch (error) {
          throw new Unavailable('redis', { cause: new Error(reasonOf(error)) });
        }
      }),
    misconfiguration: connection.fault,
    close: async () => {
      await connection.client.quit().catch(() => undefined);
      connection.client.disconnect();
    },
  };
}

interface Connection {
  readonly client: Client | Cluster;
  /** True from when a server was found to be the right one until its connection ends. */
  readonly isUsable: () => boolean;
  readonly fault: () => string | undefined;
  /** Resolves after the first attempt to connect, whatever came of it. */
  readonly firstAttempt: Promise<void>;
}

/** Connects, and follows the connection: one line for an outage, not one for each attempt to connect. */
function connect(
  address: RedisAddress,
  { keyPrefix, timeoutMs, log }: Required<Omit<RedisOptions, 'url' | 'observe'>>,
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
    // A server that is a replica for good is left and found again with each attempt to use it.
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
  // Without a listener for errors Node would end the process.
  client.on('error', failed);
  client.on('close', () => {
    isUsable = false;
  });
  const firstAttempt = new Promise<void>((resolve) => {
    client.on('ready', () => {
      // A connection that ends meanwhile is examined when it is there again.
      resolve(checkServer().catch(() => undefined));
    });
    const failedToConnect = (): void => {
      out();
      resolve();
    };
    // Not the promise of `connect`: that of a Cluster whose state is not good never settles.
    client.on('reconnecting', failedToConnect);
    // While no Sentinel answers, ioredis keeps connecting, and only emits an error.
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

/** Codes only: the driver's own errors carry addresses, and with a refused login the password. */
function reasonOf(error: unknown): string {
  const { code, message, lastNodeError } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly lastNodeError?: unknown;
  };
  // Of a Cluster: why the last of its nodes could not be asked for the others.
  if (lastNodeError instanceof Error) return reasonOf(lastNodeError);
  if (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)) return code;
  const text = typeof message === 'string' ? message : '';
  if (text.startsWith('All sentinels are unreachable')) return 'no Sentinel answers';
  // Redis 6 and 7.0 say this of a command in a script that the login may not run, where others begin with NOPERM.
  if (text.includes("can't run this command")) return 'NOPERM';
  // Redis begins its own errors with a word: WRONGPASS, NOAUTH, LOADING, READONLY, OOM.
  const [, word] = /^([A-Z]{3,20}) /.exec(text) ?? [];
  return word ?? (text === 'Command timed out' ? 'timeout' : 'not connected');
}
