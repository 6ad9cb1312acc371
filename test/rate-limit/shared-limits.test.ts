import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { createRedisLimits } from '../../src/rate-limit/redis-limits.ts';
import { createSharedLimits } from '../../src/rate-limit/shared-limits.ts';
import { createRedis, type Redis } from '../../src/redis/client.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { newRate } from '../contract/limits.ts';
import {
  describeRedisServer,
  startRedisServer,
  type RedisProcess,
} from '../support/redis-server.ts';
import { testNow } from '../support/tokens.ts';

describeRedisServer('shared limits', () => {
  const time = { now: testNow };
  const now = () => time.now;
  let server: RedisProcess;
  const connections: Redis[] = [];
  const replica = async () => {
    const lines: string[] = [];
    const log = { warn: (_about: object, line: string) => lines.push(line) };
    const url = new Secret(server.url);
    const redis = await createRedis({ url, log: { warn: () => undefined }, timeoutMs: 500 });
    connections.push(redis);
    const shared = createRedisLimits(redis, now);
    const limits = createSharedLimits({
      shared,
      local: createMemoryLimits(now),
      probeShared: shared.probe,
      now,
      log,
    });
    return { limits, lines };
  };
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await server.kill();
  });

  it('are counted together, separately while Redis is down, and together again, with a log line for each change', async () => {
    const [one, other] = [await replica(), await replica()];
    const rate = newRate({ perMinute: 2 });
    const excess = { exceeded: rate.limit, retryAfterMs: 30_000 };
    expect(await one.limits.consume([rate])).toEqual({ waitMs: 0 });
    expect(await other.limits.consume([rate])).toEqual({ waitMs: 0 });
    expect(await one.limits.consume([rate])).toEqual(excess);
    expect(one.lines).toEqual([]);

    await server.kill();
    for (const { limits } of [one, other]) {
      for (let i = 0; i < 2; i += 1) expect(await limits.consume([rate])).toEqual({ waitMs: 0 });
      expect(await limits.consume([rate])).toEqual(excess);
      await limits.refund(rate);
      expect(limits.isLocal()).toBe(true);
    }

    await server.start();
    const fresh = newRate({ perMinute: 2 });
    // Requests alone bring the connection back: one that arrives a second later causes a probe.
    await vi.waitUntil(
      async () => {
        time.now += 1_000;
        for (const { limits } of [one, other]) await limits.consume([newRate()]);
        return !one.limits.isLocal() && !other.limits.isLocal();
      },
      { timeout: 30_000 },
    );
    expect(await one.limits.consume([fresh])).toEqual({ waitMs: 0 });
    expect(await other.limits.consume([fresh])).toEqual({ waitMs: 0 });
    expect(await one.limits.consume([fresh])).toEqual(excess);
    const lines = ['limits are counted by this replica alone', 'limits are shared again'];
    expect([one.lines, other.lines]).toEqual([lines, lines]);
  });

  it('delay only the request that detects that Redis does not respond', async () => {
    const { limits } = await replica();
    const resume = await server.freeze();
    await limits.consume([newRate()]);
    time.now += 1_000;
    // This request starts a check of the frozen server, and must have its response before that ends.
    const next = new Promise((resolve) => setImmediate(resolve, 'still waiting'));
    expect(await Promise.race([limits.consume([newRate()]), next])).toEqual({ waitMs: 0 });
    resume();
    await vi.waitUntil(
      async () => {
        await limits.probe();
        return !limits.isLocal();
      },
      { timeout: 30_000 },
    );
  });
});
