import { describe, expect, it } from 'vitest';
import { createRequestQueue, queueLimits } from '../../src/runtime/request-queue.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A server with two concurrent requests, each of which ends when the test resolves it. */
function setUp(maxConcurrent = 2) {
  const { clock, advance, waiting } = createTestClock(testNow);
  const queue = createRequestQueue({ ...queueLimits, maxConcurrent }, clock.startTimer);
  const sent: { readonly respondWith: (text: string) => void; readonly fail: () => void }[] = [];
  const request = () =>
    new Promise<string>((resolve, reject) => {
      const respondWith = (text: string) => {
        queue.responded();
        resolve(text);
      };
      const fail = () => {
        reject(new Error('failed'));
      };
      sent.push({ respondWith, fail });
    });
  const sendRequest = (silenceMs = 1_000) =>
    queue.run(request, silenceMs).catch((error: unknown) => (error as Error).message);
  return { queue, sendRequest, sent, advance, timers: waiting };
}

const silent = 'The server did not respond in time';

describe('requests to a server', () => {
  it('wait in order while it responds, however long that takes', async () => {
    const { queue, sendRequest, sent, advance, timers } = setUp();
    const pending = Array.from({ length: 10 }, () => sendRequest());
    for (let n = 0; n < 10; n += 1) {
      await settled();
      expect([sent.length, queue.inFlight(), queue.queued()]).toEqual([
        Math.min(10, n + 2),
        Math.min(2, 10 - n),
        Math.max(0, 8 - n),
      ]);
      advance(900);
      sent[n]?.respondWith(String(n));
    }
    expect(await Promise.all(pending)).toEqual(Array.from({ length: 10 }, (_, n) => String(n)));
    expect([queue.inFlight(), queue.queued(), timers()]).toEqual([0, 0, 0]);
  });

  it('fail if it does not respond in time, and keep their place until they end', async () => {
    const { queue, sendRequest, sent, advance } = setUp();
    const first = [sendRequest(1_000), sendRequest(1_000)];
    const [short, long] = [sendRequest(1_000), sendRequest(3_000)];
    await settled();
    advance(1_000);
    expect(await Promise.all([...first, short])).toEqual([silent, silent, silent]);
    await settled();
    expect([sent.length, queue.inFlight()]).toEqual([2, 2]);
    sent[0]?.fail();
    sent[1]?.fail();
    await settled();
    expect([sent.length, queue.inFlight(), queue.queued()]).toEqual([3, 1, 0]);
    sent[2]?.respondWith('it is back');
    expect(await long).toBe('it is back');
  });

  it('use no slot if they become due at the same time as the timeout', async () => {
    const { queue, sendRequest, sent, advance } = setUp(1);
    void sendRequest();
    const late = sendRequest();
    await settled();
    sent[0]?.fail();
    // The failure reaches the queue after the timer has run.
    advance(1_000);
    expect(await late).toBe(silent);
    await settled();
    expect([sent.length, queue.inFlight()]).toEqual([1, 0]);
  });

  it('wait for 45 seconds at most', async () => {
    const { queue, sendRequest, advance } = setUp(1);
    void sendRequest();
    const late = sendRequest();
    await settled();
    for (let n = 0; n < 50; n += 1) {
      queue.responded();
      advance(900);
    }
    expect(await late).toBe('The request waited too long in the queue');
  });
});
