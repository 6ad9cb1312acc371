import type { Redis } from '../../redis/client.ts';
import { leaseMs, type Deduplicate } from './deduplicate.ts';

/** The value of a finished task. Before, the value is the id of the lease. */
const done = '1';

/** An expired lease must not release the lease of another process. */
const releaseOwn = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`;

interface RedisDeduplicateDeps {
  readonly now: () => number;
  readonly newId: () => string;
}

/** Deduplicates across replicas by keys in Redis, which expire. */
export function createRedisDeduplicate(
  redis: Redis,
  { now, newId }: RedisDeduplicateDeps,
): Deduplicate {
  return async (text) => {
    const [key, leaseId] = [`once:${text}`, newId()];
    const created = await redis.run((client) => client.set(key, leaseId, 'PX', leaseMs, 'NX'));
    if (created !== 'OK') {
      const value = await redis.run((client) => client.get(key));
      return value === done ? 'done' : 'under-way';
    }
    return {
      finish: async (until) => {
        const remaining = Math.max(1, until - now() + 1);
        await redis.run((client) => client.set(key, done, 'PX', remaining));
      },
      release: async () => {
        await redis.run((client) => client.eval(releaseOwn, 1, key, leaseId));
      },
    };
  };
}
