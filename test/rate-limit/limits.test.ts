import { describe, expect, it } from 'vitest';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { createRedisLimits } from '../../src/rate-limit/redis-limits.ts';
import { limitsContract, newThing, newRate } from '../contract/limits.ts';
import { describeRedis, useRedis } from '../support/redis.ts';
import { testNow } from '../support/tokens.ts';

describe('limits in memory', () => {
  const time = { now: testNow };
  const now = () => time.now;
  const limits = createMemoryLimits(now);
  limitsContract(() => limits, time);

  it('are bounded for each limit: who was idle longest goes when there are too many', async () => {
    const [first, second] = [newRate({ perMinute: 1 }), newRate({ perMinute: 1 })];
    const other = newRate({ perMinute: 1, limit: 'failures' });
    for (const each of [first, second, other]) await limits.take([each]);
    time.now += 30_000;
    await limits.giveBack(first);
    await limits.take([first]);
    for (let i = 0; i < 99_999; i += 1) await limits.take([newRate()]);
    expect(await limits.take([first])).toMatchObject({ excess: first.limit });
    expect(await limits.take([second])).toEqual({ waitMs: 0 });
    expect(await limits.take([other])).toMatchObject({ excess: other.limit });
  });

  it('forget the things that were taken longest ago when there are too many', async () => {
    const fresh = createMemoryLimits(now);
    const [first, second] = [newThing({ perMinute: 1 }), newThing({ perMinute: 1 })];
    await fresh.take([first]);
    await fresh.take([second]);
    await fresh.take([first]);
    const many = newThing({ perMinute: 1_000_000_000 });
    for (let i = 0; i < 199_999; i += 1) await fresh.take([{ ...many, thing: String(i) }]);
    expect(await fresh.take([first])).toEqual({ waitMs: 0 });
    expect(await fresh.take([second])).toMatchObject({ excess: second.limit });
  });
});

describeRedis('limits in Redis', () => {
  const at = useRedis();
  const time = { now: testNow };
  const limits = () => createRedisLimits(at.redis, () => time.now);
  // A new one each time: nothing of it may be kept here.
  limitsContract(limits, time);

  it('leave no key without an end', async () => {
    const rate = newRate();
    await limits().take([rate, newThing()]);
    await limits().take([rate]);
    await limits().giveBack(rate);
    const keys = await at.admin.keys(`${at.keyPrefix}*`);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expect(await at.admin.pttl(key)).not.toBe(-1);
  });

  it('keep no key for who gave everything back', async () => {
    const rate = newRate();
    await limits().take([rate]);
    await limits().giveBack(rate);
    expect(await at.admin.exists(`${at.keyPrefix}limit:${rate.limit}:${rate.key}`)).toBe(0);
  });
});
