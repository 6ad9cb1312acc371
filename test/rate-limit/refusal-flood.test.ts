import { describe, expect, it, vi } from 'vitest';
import { send, guestRequest, userRequest, type TestRequest } from '../http/requests.ts';
import { withClient } from '../support/database.ts';
import { useUsher, userToken, type TestUsher } from '../support/usher.ts';

type At = Pick<TestUsher, 'public' | 'operator' | 'database'>;

const rows = async (usher: At, sql: string): Promise<readonly unknown[]> =>
  (await withClient(usher.database, (client) => client.query(sql))).rows as unknown[];

const decisionsOf = async (usher: At) =>
  (await rows(usher, `SELECT FROM audit_log WHERE outcome = 'refusal'`)).length;

const eventsOf = (usher: At, signal: string) =>
  rows(usher, `SELECT suppressed FROM security_events WHERE signal = '${signal}' ORDER BY at`);

const metric = async (usher: At, name: string) => {
  const { text } = await send(usher.operator, { method: 'GET', path: '/metrics' });
  return text.split('\n').find((line) => line.startsWith(name));
};

const statuses = async (usher: At, request: TestRequest, times: number) => {
  const responses = Array.from({ length: times }, () => send(usher.public, request));
  const found = (await Promise.all(responses)).map(({ status }) => status);
  return (status: number) => found.filter((each) => each === status).length;
};

const withoutCredential = userRequest({ headers: { authorization: undefined } });

describe('a flood of requests without a credential from one address', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '60' });

  it('writes sixty rows, and then one a minute with the number of the others', async () => {
    const count = await statuses(usher, withoutCredential, 300);
    expect([count(401), count(429)]).toEqual([60, 240]);
    expect(await decisionsOf(usher)).toBe(60);
    expect(await eventsOf(usher, 'authentication-failed')).toHaveLength(60);
    expect(await eventsOf(usher, 'limit-exceeded')).toEqual([{ suppressed: null }]);
    expect(await metric(usher, 'usher_refusals_unrecorded_total')).toBe(
      'usher_refusals_unrecorded_total{code="credential-missing"} 240',
    );
    expect(await metric(usher, 'usher_limits_exceeded_total{limit="failures"}')).toMatch(/ 240$/);

    usher.clock.advance(60_000);
    const expected = [{ suppressed: null }, { suppressed: 239 }];
    await vi.waitFor(async () => {
      expect(await eventsOf(usher, 'limit-exceeded')).toEqual(expected);
    });
    // A minute without any ends it.
    usher.clock.advance(120_000);
    expect(await eventsOf(usher, 'limit-exceeded')).toEqual(expected);
  });

  it('does not block valid credentials from that address', async () => {
    await statuses(usher, withoutCredential, 100);
    expect((await send(usher.public, userRequest())).status).toBe(200);
    expect((await send(usher.public, guestRequest())).status).toBe(200);
  });

  it('is limited in the same way with a valid token for a channel of another user', async () => {
    const before = await decisionsOf(usher);
    const foreign = userRequest({ fields: { channel_name: 'private-tenant.1.user.16' } });
    const count = await statuses(usher, foreign, 100);
    expect(count(429)).toBe(100);
    expect(await decisionsOf(usher)).toBe(before);
  });
});

describe('a flood of forged webhooks', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '5' });

  it('writes rows up to the limit, and is counted', async () => {
    const forged = {
      path: '/pusher/webhooks',
      headers: {
        'content-type': 'application/json',
        'x-pusher-key': 'test-key',
        'x-pusher-signature': '0'.repeat(64),
      },
      body: '{}',
    };
    const count = await statuses(usher, forged, 50);
    expect([count(401), count(429)]).toEqual([5, 45]);
    expect(await eventsOf(usher, 'authentication-failed')).toHaveLength(5);
    expect(await metric(usher, 'usher_refusals_unrecorded_total')).toBe(
      'usher_refusals_unrecorded_total{code="webhook-forged"} 45',
    );
  });
});

describe('a flood of one principal over its own limit', () => {
  const usher = useUsher({ RATE_LIMIT_AUTHORIZATIONS: '1', RATE_LIMIT_FAILURES: '3' });

  it('writes rows up to the limit of refusals, and consumes nothing of its address', async () => {
    const count = await statuses(usher, userRequest(), 30);
    expect([count(200), count(429)]).toEqual([1, 29]);
    expect(await decisionsOf(usher)).toBe(3);
    const bad = { headers: { authorization: 'Bearer x' } };
    expect((await send(usher.public, userRequest(bad))).status).toBe(401);
    const other = { authorization: `Bearer ${userToken({ sub: '16' })}` };
    const own = { headers: other, fields: { channel_name: 'private-tenant.1.user.16' } };
    expect((await send(usher.public, userRequest(own))).status).toBe(200);
  });
});

describe('guest sessions behind one address', () => {
  const start = { path: '/api/guest-sessions' };
  const lobby = useUsher({ RATE_LIMIT_FAILURES: '60' });
  const strict = useUsher({ RATE_LIMIT_GUEST_SESSIONS: '2', RATE_LIMIT_FAILURES: '1' });

  it('can be created by three hundred guests within a minute, and do not count as refused requests', async () => {
    expect((await statuses(lobby, start, 300))(200)).toBe(300);
    expect((await send(lobby.public, withoutCredential)).status).toBe(401);
  });

  it('have their own limit, with its metric and its event', async () => {
    expect((await send(strict.public, withoutCredential)).status).toBe(401);
    expect((await statuses(strict, start, 2))(200)).toBe(2);
    const limited = await send(strict.public, start);
    expect([limited.status, limited.body]).toMatchObject([
      429,
      { message: 'Too many guest sessions' },
    ]);
    expect(limited.headers.get('retry-after')).toBe('30');
    expect(await metric(strict, 'usher_limits_exceeded_total{limit="guest-sessions"}')).toMatch(
      / 1$/,
    );
    expect(await eventsOf(strict, 'limit-exceeded')).toHaveLength(1);
  });
});
