import { describe, expect, it } from 'vitest';
import { startCleanupJob, cleanupIntervalMs, type CleanupTask } from '../../src/jobs/cleanup.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

/** Runs all callbacks that are ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the cleanup job', () => {
  const start = (sweep: CleanupTask, others: Readonly<Record<string, CleanupTask>> = {}) => {
    const time = createTestClock(testNow);
    const lines: object[] = [];
    const line = (about: object, message: string) => void lines.push({ ...about, message });
    const tasks = { sweep, ...others };
    const log = { info: line, warn: line };
    return { time, lines, job: startCleanupJob({ tasks, ...time.clock, log }) };
  };

  it('runs immediately and then every ten minutes, with the current time', async () => {
    const times: number[] = [];
    const { time, job } = start((now) => Promise.resolve(times.push(now)));
    await settle();
    time.advance(cleanupIntervalMs - 1);
    await settle();
    expect(times).toEqual([testNow]);
    time.advance(1);
    await settle();
    time.advance(cleanupIntervalMs);
    await settle();
    expect(times).toEqual([testNow, testNow + cleanupIntervalMs, testNow + 2 * cleanupIntervalMs]);
    await job.stop();
    expect(time.waiting()).toBe(0);
  });

  it('continues after a failure, also with the other tasks, and logs an outage once', async () => {
    let [sweeps, others] = [0, 0];
    const { time, lines, job } = start(
      () => {
        sweeps += 1;
        return sweeps < 3 ? Promise.reject(new Error('no database')) : Promise.resolve(0);
      },
      { other: () => Promise.resolve((others += 1)) },
    );
    for (let i = 0; i < 3; i += 1) {
      await settle();
      time.advance(cleanupIntervalMs);
    }
    await settle();
    expect([sweeps, others]).toEqual([4, 4]);
    expect(lines).toEqual([
      {
        subject: 'sweep',
        why: 'no database',
        message: 'expired rows could not be deleted; logged once until it succeeds',
      },
      { subject: 'sweep', message: 'expired rows are deleted again' },
    ]);
    await job.stop();
  });

  it('stops after the current run, and does not run again', async () => {
    let finish: (count: number) => void = () => undefined;
    const { time, job } = start(() => new Promise((resolve) => (finish = resolve)));
    let isStopped = false;
    const stopping = job.stop().then(() => {
      isStopped = true;
    });
    await settle();
    expect(isStopped).toBe(false);
    finish(0);
    await stopping;
    expect(time.waiting()).toBe(0);
  });
});
