import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  leaseMs,
  type Deduplicate,
  createMemoryDeduplicate,
} from '../../../src/pusher/webhooks/deduplicate.ts';
import { createRedisDeduplicate } from '../../../src/pusher/webhooks/redis-deduplicate.ts';
import {
  createPrimaryDeduplicate,
  deduplicateHandlers,
} from '../../../src/workers/primary-deduplicate.ts';
import { beginOnceContract, startLease } from '../../contract/once.ts';
import { createRpcPair } from '../../support/rpc-pair.ts';
import { describeRedis, useRedis } from '../../support/redis.ts';

describe('deduplication in memory', () => {
  const clock = { now: 1_000 };
  const now = () => clock.now;
  let beginOnce: Deduplicate = createMemoryDeduplicate(now);
  beginOnceContract(() => beginOnce, now);

  it('keeps a completed key until its expiry, inclusive', async () => {
    beginOnce = createMemoryDeduplicate(now);
    await (await startLease(beginOnce, 'a')).finish(2_000);
    clock.now = 2_000;
    expect(await beginOnce('a')).toBe('done');
    clock.now = 2_001;
    await startLease(beginOnce, 'a');
    expect(await beginOnce('a')).toBe('under-way');
  });

  it('leases a key again if it was not completed in time', async () => {
    beginOnce = createMemoryDeduplicate(now);
    await startLease(beginOnce, 'a');
    clock.now += leaseMs;
    expect(await beginOnce('a')).toBe('under-way');
    clock.now += 1;
    await startLease(beginOnce, 'a');
  });

  it('evicts the oldest entry above its maximum', async () => {
    beginOnce = createMemoryDeduplicate(now);
    const end = clock.now + 60_000;
    for (let i = 0; i < 20_000; i += 1) await (await startLease(beginOnce, String(i))).finish(end);
    expect(await beginOnce('19999')).toBe('done');
    await (await startLease(beginOnce, 'one more')).finish(end);
    expect(await beginOnce('19999')).toBe('done');
    await startLease(beginOnce, '0');
  });
});

describe('deduplication in the primary process', () => {
  const { worker } = createRpcPair(deduplicateHandlers(createMemoryDeduplicate(Date.now)));
  beginOnceContract(() => createPrimaryDeduplicate(worker.call), Date.now);
});

describeRedis('deduplication in Redis', () => {
  const at = useRedis();
  const ports = { now: Date.now, newId: randomUUID };
  beginOnceContract(() => createRedisDeduplicate(at.redis, ports), Date.now);

  it('is shared, and expires', async () => {
    const [one, other] = [
      createRedisDeduplicate(at.redis, ports),
      createRedisDeduplicate(at.redis, ports),
    ];
    const turn = await startLease(one, 'short');
    expect(await other('short')).toBe('under-way');
    await turn.finish(Date.now() + 300);
    expect(await other('short')).toBe('done');
    await sleep(400);
    await startLease(other, 'short');
  });

  it('leaves no key without an expiry', async () => {
    await startLease(createRedisDeduplicate(at.redis, ports), 'begun');
    await (await startLease(createRedisDeduplicate(at.redis, ports), 'past')).finish(0);
    for (const key of await at.admin.keys(`${at.keyPrefix}*`)) {
      expect(await at.admin.pttl(key)).not.toBe(-1);
    }
  });
});
