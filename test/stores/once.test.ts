import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { NoteOnce } from '../../src/core/once.ts';
import { createMemoryOnce } from '../../src/stores/memory-once.ts';
import { createRedisOnce } from '../../src/stores/redis-once.ts';
import { noteOnceContract } from '../contract/once.ts';
import { describeRedis, useRedis } from '../support/redis.ts';

describe('notes in memory', () => {
  const clock = { now: 1_000 };
  const now = () => clock.now;
  let noteOnce: NoteOnce = createMemoryOnce(now);
  noteOnceContract(() => noteOnce, now);

  it('last until their end, that moment included', async () => {
    noteOnce = createMemoryOnce(now);
    await noteOnce('a', 2_000);
    clock.now = 2_000;
    expect(await noteOnce('a', 3_000)).toBe(false);
    clock.now = 2_001;
    expect(await noteOnce('a', 3_000)).toBe(true);
    expect(await noteOnce('a', 3_000)).toBe(false);
  });

  it('are bounded: the first goes when there are too many', async () => {
    noteOnce = createMemoryOnce(now);
    const end = clock.now + 60_000;
    for (let i = 0; i < 20_000; i += 1) await noteOnce(String(i), end);
    expect(await noteOnce('19999', end)).toBe(false);
    expect(await noteOnce('one more', end)).toBe(true);
    expect(await noteOnce('19999', end)).toBe(false);
    expect(await noteOnce('0', end)).toBe(true);
  });
});

describeRedis('notes in Redis', () => {
  const at = useRedis();
  noteOnceContract(() => createRedisOnce(at.redis, Date.now), Date.now);

  it('are shared, and end by themselves', async () => {
    const [one, other] = [createRedisOnce(at.redis, Date.now), createRedisOnce(at.redis, Date.now)];
    const end = Date.now() + 300;
    expect(await one('short', end)).toBe(true);
    expect(await other('short', end)).toBe(false);
    await sleep(400);
    expect(await other('short', Date.now() + 300)).toBe(true);
  });

  it('leave no key without an end', async () => {
    await createRedisOnce(at.redis, Date.now)('past', 0);
    for (const key of await at.admin.keys(`${at.keyPrefix}*`)) {
      expect(await at.admin.pttl(key)).not.toBe(-1);
    }
  });
});
