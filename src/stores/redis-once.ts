import type { NoteOnce } from '../core/once.ts';
import type { Redis } from './redis.ts';

/** Creates notes in Redis, shared by replicas; Redis itself removes them at their end. */
export function createRedisOnce(redis: Redis, now: () => number): NoteOnce {
  return async (text, until) => {
    const remaining = Math.max(1, until - now() + 1);
    const answer = await redis.ask((client) =>
      client.set(`once:${text}`, '1', 'PX', remaining, 'NX'),
    );
    return answer === 'OK';
  };
}
