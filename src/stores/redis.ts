import { Redis as Client } from 'ioredis';
import type { Secret } from '../core/secret.ts';
import { Unavailable } from '../core/unavailable.ts';

/** A Redis server, behind one rule for errors. */
export interface Redis {
  /** Runs commands. Throws `Unavailable` when Redis could not answer in time, never with its address or a value. */
  readonly ask: <T>(commands: (client: Client) => Promise<T>) => Promise<T>;
  /** Resolves when Redis answers now; throws `Unavailable` otherwise. */
  readonly ping: () => Promise<void>;
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
}

/** How long the next attempt to connect may wait, in milliseconds. */
const longestWait = 1_000;

/**
 * A connection to Redis, tried once before this resolves and again for as long as there is none.
 * While there is none every command fails at once: a queue would let requests hang, and replay them when nobody waits any more.
 */
export async function createRedis(options: RedisOptions): Promise<Redis> {
  const { url, log, keyPrefix = 'usher:', timeoutMs = 2_000 } = options;
  const client = new Client(url.reveal(), {
    keyPrefix,
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // A frozen server keeps its connection; only this one frees us from it.
    socketTimeout: timeoutMs * 2,
    enableOfflineQueue: false,
    // Taking a ticket twice would refuse who had it: a command whose answer was lost is not sent again.
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(attempt * 50, longestWait),
  });
  reportOutages(client, log);
  const ask: Redis['ask'] = async (commands) => {
    try {
      return await commands(client);
    } catch (error) {
      throw new Unavailable('redis', { cause: new Error(reasonOf(error)) });
    }
  };
  await client.connect().catch(() => undefined);
  return {
    ask,
    ping: async () => {
      await ask((connected) => connected.ping());
    },
    close: async () => {
      await client.quit().catch(() => {
        client.disconnect();
      });
    },
  };
}

/** One line for an outage, not one for each attempt to connect. */
function reportOutages(client: Client, log: RedisOptions['log']): void {
  let isOut = false;
  let reason = 'connection closed';
  // Without a listener for errors Node would end the process.
  client.on('error', (error: unknown) => {
    reason = reasonOf(error);
  });
  client.on('reconnecting', () => {
    if (!isOut) log.warn({ reason }, 'Redis is not reachable');
    isOut = true;
  });
  client.on('ready', () => {
    if (isOut) log.warn({}, 'Redis is reachable again');
    isOut = false;
  });
}

/** Codes only: the driver's own errors carry addresses, and with a refused login the password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)) return code;
  // Redis begins its own errors with a word: WRONGPASS, NOAUTH, LOADING, READONLY, OOM.
  const [, word] = /^([A-Z]{3,20}) /.exec(typeof message === 'string' ? message : '') ?? [];
  return word ?? (message === 'Command timed out' ? 'timeout' : 'not connected');
}
