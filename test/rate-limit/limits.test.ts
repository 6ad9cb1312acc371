import { describe, expect, it } from 'vitest';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { createRedisLimits } from '../../src/rate-limit/redis-limits.ts';
import { createPrimaryLimits, limitHandlers } from '../../src/workers/primary-limits.ts';
import { limitsContract, newThing, newRate } from '../contract/limits.ts';
import { describeRedis, useRedis } from '../support/redis.ts';
import { createRpcPair } from '../support/rpc-pair.ts';
import { testNow } from '../support/tokens.ts';

describe('limits in memory', () => {
  const time = { now: testNow };
  const now = () => time.now;
  const limits = createMemoryLimits(now);
  limitsContract(() => limits, time);

  it('have a maximum for each limit: the least recently used key is evicted', async () => {
    const [first, second] = [newRate({ perMinute: 1 }), newRate({ perMinute: 1 })];
    const other = newRate({ perMinute: 1, limit: 'failures' });
    for (const each of [first, second, other]) await limits.consume([each]);
    time.now += 30_000;
    await limits.refund(first);
    await limits.consume([first]);
    for (let i = 0; i < 99_999; i += 1) await limits.consume([newRate()]);
    expect(await limits.consume([first])).toMatchObject({ exceeded: first.limit });
    expect(await limits.consume([second])).toEqual({ waitMs: 0 });
    expect(await limits.consume([other])).toMatchObject({ exceeded: other.limit });
  });

  it('evict the oldest dedupe keys when there are too many', async () => {
    const fresh = createMemoryLimits(now);
    const [first, second] = [newThing({ perMinute: 1 }), newThing({ perMinute: 1 })];
    await fresh.consume([first]);
    await fresh.consume([second]);
    await fresh.consume([first]);
    const many = newThing({ perMinute: 1_000_000_000 });
    for (let i = 0; i < 199_999; i += 1) await fresh.consume([{ ...many, dedupeKey: String(i) }]);
    expect(await fresh.consume([first])).toEqual({ waitMs: 0 });
    expect(await fresh.consume([second])).toMatchObject({ exceeded: second.limit });
  });
});

describe('limits in the primary process', () => {
  const time = { now: testNow };
  const { worker } = createRpcPair(limitHandlers(createMemoryLimits(() => time.now)));
  const limits = createPrimaryLimits(worker.call);
  limitsContract(() => limits, time);
});

describeRedis('limits in Redis', () => {
  const at = useRedis();
  const time = { now: testNow };
  const limits = () => createRedisLimits(at.redis, () => time.now);
  // A new instance each time: no state may be kept in this process.
  limitsContract(limits, time);

  it('leave no key without an expiry', async () => {
    const rate = newRate();
    await limits().consume([rate, newThing()]);
    await limits().consume([rate]);
    await limits().refund(rate);
    const keys = await at.admin.keys(`${at.keyPrefix}*`);
    expect(keys.length).toBeGreaterThan(1);
    for (const key of keys) expect(await at.admin.pttl(key)).not.toBe(-1);
  });

  it('keep no key after all its units were refunded', async () => {
    const rate = newRate();
    await limits().consume([rate]);
    await limits().refund(rate);
    expect(await at.admin.exists(`${at.keyPrefix}limit:${rate.limit}:${rate.key}`)).toBe(0);
  });
});
