import { Unavailable } from '../runtime/unavailable.ts';
import type { Redis, RedisOptions } from './client.ts';

/** A value, and the milliseconds until Redis deletes it; `undefined` if it has no time to live. */
interface RedisValue {
  readonly value: Buffer;
  readonly remainingMs: number | undefined;
}

/** The Redis of the application. Usher reads some of its values and never writes. */
export interface ApplicationRedis {
  /** Returns the value of this whole key, or `undefined`. Throws `Unavailable`. */
  readonly read: (key: string) => Promise<RedisValue | undefined>;
  readonly close: () => Promise<void>;
}

/**
 * Creates a client of an application's Redis. It connects with the first read, because the driver takes memory, and reconnects
 * after an outage. A server that cannot be used throws `Unavailable` with the reason as its cause.
 */
export function createApplicationRedis(options: Omit<RedisOptions, 'keyPrefix'>): ApplicationRedis {
  let opening: Promise<Redis> | undefined;
  const open = async (): Promise<Redis> => {
    const { createRedis } = await import('./client.ts');
    return createRedis({ ...options, keyPrefix: '' });
  };
  return {
    read: async (key) => {
      opening ??= open();
      const redis = await opening;
      const fault = redis.misconfiguration();
      if (fault !== undefined) {
        throw new Unavailable(options.dependency ?? 'redis', { cause: new Error(fault) });
      }
      return redis.run(async (client) => {
        const results = (await client.pipeline().getBuffer(key).pttl(key).exec()) ?? [];
        for (const [error] of results) if (error !== null) throw error;
        const [value, remaining] = results.map(([, result]) => result) as [Buffer | null, number];
        // -2: the key expired between the two commands. -1: it has no time to live.
        if (value === null || remaining === -2) return undefined;
        return { value, remainingMs: remaining === -1 ? undefined : remaining };
      });
    },
    close: async () => {
      await (await opening)?.close();
    },
  };
}
