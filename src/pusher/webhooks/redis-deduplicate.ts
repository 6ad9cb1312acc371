import type { Redis } from '../../redis/client.ts';
import { leaseMs, type Deduplicate } from './deduplicate.ts';

/** The value of what is done. While it is under way the value is the id of its turn. */
const done = '1';

/** A turn that took longer than its lease must not end the turn of another process. */
const releaseOwn = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`;

/** What notes in Redis need. */
export interface RedisDeduplicateDeps {
  readonly now: () => number;
  readonly newId: () => string;
}

/** Creates notes in Redis, shared by replicas; Redis itself removes them at their end. */
export function createRedisDeduplicate(
  redis: Redis,
  { now, newId }: RedisDeduplicateDeps,
): Deduplicate {
  return async (text) => {
    const [key, turn] = [`once:${text}`, newId()];
    const begun = await redis.run((client) => client.set(key, turn, 'PX', leaseMs, 'NX'));
    if (begun !== 'OK') {
      const known = await redis.run((client) => client.get(key));
      return known === done ? 'done' : 'under-way';
    }
    return {
      finish: async (until) => {
        const remaining = Math.max(1, until - now() + 1);
        await redis.run((client) => client.set(key, done, 'PX', remaining));
      },
      release: async () => {
        await redis.run((client) => client.eval(releaseOwn, 1, key, turn));
      },
    };
  };
}
