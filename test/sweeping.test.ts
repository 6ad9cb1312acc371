import { describe, expect, it } from 'vitest';
import { startSweeping, sweepInterval } from '../src/sweeping.ts';
import { createTestClock } from './support/test-clock.ts';
import { testNow } from './support/tokens.ts';

/** Lets everything run on that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('sweeping', () => {
  const start = (sweep: (now: number) => Promise<number>) => {
    const time = createTestClock(testNow);
    const lines: string[] = [];
    const log = { warn: (_about: object, message: string) => void lines.push(message) };
    return { time, lines, sweeping: startSweeping({ sweep, ...time.clock, log }) };
  };

  it('sweeps at once and then every ten minutes, with the moment that it is', async () => {
    const moments: number[] = [];
    const { time, sweeping } = start((now) => Promise.resolve(moments.push(now)));
    await settle();
    time.advance(sweepInterval - 1);
    await settle();
    expect(moments).toEqual([testNow]);
    time.advance(1);
    await settle();
    time.advance(sweepInterval);
    await settle();
    expect(moments).toEqual([testNow, testNow + sweepInterval, testNow + 2 * sweepInterval]);
    await sweeping.stop();
    expect(time.waiting()).toBe(0);
  });

  it('goes on after a failure, and says so', async () => {
    let sweeps = 0;
    const { time, lines, sweeping } = start(() => {
      sweeps += 1;
      return Promise.reject(new Error('no database'));
    });
    await settle();
    time.advance(sweepInterval);
    await settle();
    expect(sweeps).toBe(2);
    expect(lines).toEqual(Array(2).fill('expired tickets could not be removed'));
    await sweeping.stop();
  });

  it('stops only when nothing is being swept any more, and then for good', async () => {
    let finish: (count: number) => void = () => undefined;
    const { time, sweeping } = start(() => new Promise((resolve) => (finish = resolve)));
    let isStopped = false;
    const stopping = sweeping.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    finish(0);
    await stopping;
    expect(time.waiting()).toBe(0);
  });
});
