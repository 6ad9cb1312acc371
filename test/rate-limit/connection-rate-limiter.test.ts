import { describe, expect, it } from 'vitest';
import { createConnectionRateLimiter } from '../../src/rate-limit/connection-rate-limiter.ts';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

/** A limiter of three attempts per minute and address, and a second one that shares its counters. */
function setUp() {
  const time = createTestClock(testNow);
  const { now, startTimer } = time.clock;
  const limits = createMemoryLimits(now);
  const make = () => createConnectionRateLimiter({ limits, perMinute: 3, startTimer });
  const enter = make();
  const through = async (address: string, way = enter) => {
    const attempt = await way(address);
    if ('retryAfterMs' in attempt) throw new Error('refused');
    return attempt.refund;
  };
  return { time, enter, other: make(), through };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('connection attempts', () => {
  it('of one address are refused after a wait, and those of another are not', async () => {
    const { time, enter, through } = setUp();
    for (let i = 0; i < 3; i += 1) await through('a');
    const fourth = enter('a');
    await settled();
    await through('b');
    time.advance(4_999);
    await settled();
    expect(await Promise.race([fourth, Promise.resolve('waiting')])).toBe('waiting');
    time.advance(1);
    expect(await fourth).toEqual({ retryAfterMs: expect.any(Number) as number });
    expect(time.waiting()).toBe(0);
  });

  it('that wait are accepted in FIFO order as others are refunded', async () => {
    const { time, through } = setUp();
    const refunds = [await through('a'), await through('a'), await through('a')];
    const order: number[] = [];
    const waiting = [1, 2, 3, 4, 5, 6].map(async (n) => {
      const refund = await through('a');
      order.push(n);
      refunds.push(refund);
    });
    await settled();
    expect(order).toEqual([]);
    for (let i = 0; i < 6; i += 1) {
      await refunds.shift()?.();
      await settled();
      expect(order).toHaveLength(i + 1);
    }
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3, 4, 5, 6]);
    expect(time.waiting()).toBe(0);
  });

  it('use the refunds of another replica', async () => {
    const { time, through, other } = setUp();
    const refunds = [await through('a'), await through('a'), await through('a')];
    const waiting = through('a', other);
    await settled();
    await refunds[0]?.();
    time.advance(250);
    await waiting;
    expect(time.waiting()).toBe(0);
  });

  it('continue when a unit is available again', async () => {
    const { time, through } = setUp();
    for (let i = 0; i < 3; i += 1) await through('a');
    time.now += 17_000;
    const waiting = through('a');
    await settled();
    time.advance(3_000);
    await waiting;
  });

  it('that wait are limited: one more is refused immediately', async () => {
    const { time, enter, through } = setUp();
    for (let i = 0; i < 3; i += 1) await through('a');
    const waiting = Array.from({ length: 1_000 }, () => enter('a'));
    await settled();
    expect(await enter('a')).toMatchObject({ retryAfterMs: 20_000 });
    time.advance(5_000);
    await Promise.all(waiting);
    expect(time.waiting()).toBe(0);
  });
});
