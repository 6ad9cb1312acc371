import { expect, it } from 'vitest';
import { createMemoryLimits, createMemoryRateLimiter } from '../../src/rate-limit/memory-limits.ts';
import { createMessageLimit } from '../../src/rate-limit/message-limit.ts';
import { testNow } from '../support/tokens.ts';
import { startTestEndpoint, user, until } from '../websocket/test-endpoint.ts';

it('is shared by all replicas, except for the message that exceeds it', async () => {
  let time = testNow;
  const now = () => time;
  const shared = createMemoryLimits(now);
  const replica = () =>
    createMessageLimit({ perMinute: 2, rates: createMemoryRateLimiter(), shared, now });
  const [one, other] = [replica(), replica()];
  expect([one(user), other(user)]).toEqual([0, 0]);
  expect(one(user)).toBe(0);
  await new Promise(setImmediate);
  expect(one(user)).toBe(30_000);
  expect(one({ ...user, id: '16' })).toBe(0);
  time += 30_000;
  expect(one(user)).toBe(0);
});

it('is reported with the principal and the address, and only if it was exceeded', async () => {
  const reported: unknown[] = [];
  const { enter } = await startTestEndpoint({
    mostMessages: 1,
    reportLimitExceeded: (limit, _key, { origin: { address }, ...about }) => {
      reported.push({ limit, address, ...about });
      return Promise.reject(new Error('not recorded'));
    },
  });
  const client = await enter();
  client.socket.send('one');
  await client.next();
  expect(reported).toEqual([]);
  client.socket.send('two');
  await until(() => reported.length > 0);
  const who = { tenantId: '1', principalId: '15' };
  expect(reported).toEqual([{ limit: 'messages', address: '127.0.0.1', ...who }]);
});
