import { expect, it } from 'vitest';
import { createEndConnections } from '../../../src/authorize/revocation/end-connections.ts';
import type { AppUser } from '../../../src/pusher/tracked-connection.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';

const userOf = (userId: string): AppUser => ({ appKey: 'app-key', userId });

/** An action whose Pusher server responds when the test allows it. */
function ending() {
  const closing = new AbortController();
  const started: { readonly userId: string; readonly respondWith: (error?: Error) => void }[] = [];
  const settled: string[] = [];
  const time = { now: 0 };
  const endConnections = createEndConnections({
    terminate: ({ userId }) =>
      new Promise((resolve, reject) => {
        const respondWith = (error?: Error) => {
          if (error === undefined) resolve();
          else reject(error);
        };
        started.push({ userId, respondWith });
      }),
    policyOf: () => 'retried',
    trackedConnections: {
      remove: () => Promise.resolve(true),
      postpone: () => Promise.resolve(true),
      settle: ({ userId }) => {
        settled.push(userId);
        return Promise.resolve();
      },
    },
    now: () => time.now,
    closing: closing.signal,
    log: { info: () => undefined, warn: () => undefined },
  });
  return { endConnections, started, settled, time, closing };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('terminates each user once at a time, and a few users in parallel', async () => {
  const { endConnections, started } = ending();
  endConnections({ users: [userOf('15')], leaseUntil: 10 });
  endConnections({ users: [userOf('15')], leaseUntil: 10 });
  await turn();
  expect(started.length).toBe(1);
  started[0]?.respondWith();
  await turn();
  expect(started.length).toBe(2);
  const many = Array.from({ length: 50 }, (_, i) => userOf(`u${i}`));
  endConnections({ users: many, leaseUntil: 10 });
  await turn();
  expect(started.length).toBeLessThanOrEqual(1 + 8);
});

it('deletes terminated users, and keeps the others for a retry', async () => {
  const { endConnections, started, settled } = ending();
  const [one, other] = endConnections({ users: [userOf('1'), userOf('2')], leaseUntil: 10 });
  await turn();
  started.find(({ userId }) => userId === '1')?.respondWith();
  started.find(({ userId }) => userId === '2')?.respondWith(new Unavailable('Pusher server'));
  expect([await one?.outcome, await other?.outcome, settled]).toEqual(['ended', 'pending', ['1']]);
});

it('starts no termination after its lease has expired or Usher has begun to close', async () => {
  const { endConnections, started, time, closing } = ending();
  time.now = 10;
  const late = endConnections({ users: [userOf('1')], leaseUntil: 10 });
  expect(await late[0]?.outcome).toBe('pending');
  closing.abort();
  const closed = endConnections({ users: [userOf('1')], leaseUntil: 20 });
  expect(await closed[0]?.outcome).toBe('pending');
  expect(started).toEqual([]);
});
