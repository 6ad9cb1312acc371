import { describe, expect, it, vi } from 'vitest';
import {
  send,
  asJson,
  guestRequest,
  userRequest,
  signInRequest,
  type TestResponse,
} from '../http/requests.ts';
import { withClient } from '../support/database.ts';
import { describeRedisServer, startRedisServer } from '../support/redis-server.ts';
import {
  allowedOrigin,
  guestToken,
  startUsher,
  useUsher,
  userToken,
  type TestUsher,
} from '../support/usher.ts';

const user = (sub: string) => ({ authorization: `Bearer ${userToken({ sub })}` });
const channelOf = (sub: string) => ({ channel_name: `private-tenant.1.user.${sub}` });
const announcements = { channel_name: 'private-tenant.1.announcements' };

function expectLimited(response: TestResponse, message: string, retryAfter: string): void {
  expect([response.status, response.body]).toMatchObject([
    429,
    { error: 'Too Many Requests', message },
  ]);
  expect(response.headers.get('retry-after')).toBe(retryAfter);
  expect(response.headers.get('x-decision-id')).toBeTruthy();
}

async function rowsOf(usher: Pick<TestUsher, 'database'>, sql: string): Promise<unknown[]> {
  const found = await withClient(usher.database, (client) => client.query(sql));
  return found.rows as unknown[];
}

describe('authorizations over the limit per minute', () => {
  // One in 20 seconds after the first three, so that none is added during the test.
  const usher = useUsher({ RATE_LIMIT_AUTHORIZATIONS: '3', RATE_LIMIT_FAILURES: '5' });
  const responseTo = (changes: object) => send(usher.public, userRequest(changes));

  it('are refused on all routes together, in any spelling, and do not affect others at the address', async () => {
    const ways = [
      { path: '/broadcasting/auth' },
      { path: '/api/tenants/1/pusher/auth/', fields: { socket_id: '7.7' } },
    ];
    for (const way of ways) expect((await responseTo(way)).status).toBe(200);
    expect((await send(usher.public, signInRequest())).status).toBe(200);
    const headers = { origin: allowedOrigin, 'x-forwarded-for': '203.0.113.1' };
    const limited = [
      await responseTo({ headers }),
      await responseTo({ path: '/pusher/auth/', fields: { socket_id: '8.8' } }),
      await responseTo({ headers: { 'user-agent': 'another', ...user('15') } }),
      await send(usher.public, signInRequest()),
      await send(usher.public, asJson(userRequest())),
    ];
    for (const each of limited) expectLimited(each, 'Too many authorizations', '20');
    expect(limited[0]!.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    // The case of the tenant is significant: another spelling is refused, and does not bypass the limit.
    const spelt = await responseTo({
      headers: { authorization: `Bearer ${userToken({ tenant_id: 'A' })}`, 'x-tenant-id': 'a' },
    });
    expect(spelt.status).toBe(403);

    const others = { headers: user('16'), fields: channelOf('16') };
    for (let i = 0; i < 3; i += 1) expect((await responseTo(others)).status).toBe(200);
  });

  it('are decisions with a named check, and one security event a minute', async () => {
    const rows = await rowsOf(
      usher,
      `SELECT outcome, failed_check, count(*)::int FROM audit_log
       WHERE code = 'too-many-authorizations' GROUP BY outcome, failed_check`,
    );
    const failed_check = 'authorizations of the principal are within the limit';
    expect(rows).toStrictEqual([{ outcome: 'refusal', failed_check, count: 5 }]);
    const signals = () =>
      rowsOf(
        usher,
        `SELECT tenant_id, principal_id FROM security_events WHERE signal = 'limit-exceeded'`,
      );
    expect(await signals()).toStrictEqual([{ tenant_id: '1', principal_id: '15' }]);
    usher.clock.now += 60_000;
    for (let i = 0; i < 3; i += 1) await responseTo({});
    expect((await responseTo({})).status).toBe(429);
    expect(await signals()).toHaveLength(2);
  });

  it('have the two fields of the hotel chat there', async () => {
    const token = guestToken();
    for (let i = 0; i < 3; i += 1) await send(usher.public, guestRequest({ fields: { token } }));
    const limited = await send(
      usher.public,
      guestRequest({ fields: { token: guestToken({ x: 1 }) } }),
    );
    expectLimited(limited, 'Too many authorizations', '20');
    expect(Object.keys(limited.body as object)).toStrictEqual(['error', 'message']);
  });
});

describe('channels over the limit of a connection', () => {
  const usher = useUsher({ RATE_LIMIT_SUBSCRIPTIONS: '2', RATE_LIMIT_FAILURES: '1' });

  it('are refused, one by one and in a batch', async () => {
    const names = ['private-announcements', 'private-tenant.1.user.15', announcements.channel_name];
    const fields = Object.fromEntries(names.map((name, i) => [`channel_name[${i}]`, name]));
    const batch = userRequest({
      path: '/pusher/auth/batch',
      fields: { channel_name: undefined, ...fields },
    });
    const response = await send(usher.public, batch);
    const entries = Object.values(response.body as Record<string, { status: number }>);
    expect(entries.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    for (const channel_name of names.slice(0, 2)) {
      const request = userRequest({ fields: { channel_name } });
      for (let i = 0; i < 2; i += 1) expect((await send(usher.public, request)).status).toBe(200);
    }
    const limited = await send(usher.public, userRequest({ fields: announcements }));
    expectLimited(limited, 'Too many channels on this connection', '30');
    const elsewhere = userRequest({ fields: { ...announcements, socket_id: '2.2' } });
    expect((await send(usher.public, elsewhere)).status).toBe(200);
  });
});

describeRedisServer('two Ushers with one Redis', () => {
  const limits = {
    RATE_LIMIT_AUTHORIZATIONS: '2',
    RATE_LIMIT_SUBSCRIPTIONS: '2',
    RATE_LIMIT_FAILURES: '2',
  };
  const bad = { authorization: 'Bearer x' };
  const statuses = async (ushers: readonly TestUsher[], changes: object) => {
    const requests = ushers.map((each) => () => send(each.public, userRequest(changes)));
    const found: number[] = [];
    for (const next of requests) found.push((await next()).status);
    return found;
  };

  it('replicas share the limits, report when they do not, and refuse nothing because of it', async () => {
    const server = await startRedisServer();
    const start = () => startUsher({ ...limits, REDIS_URL: server.url });
    const [one, other] = [await start(), await start()];
    const ready = async (usher = one) =>
      (await send(usher.operator, { method: 'GET', path: '/readyz' })).body;
    const local = async () =>
      /^usher_limits_local (\d)$/m.exec(
        (await send(one.operator, { method: 'GET', path: '/metrics' })).text,
      )?.[1];
    try {
      const both = [one, other, one, other];
      expect(await ready()).toStrictEqual({ status: 'ready', limits: 'shared' });
      expect(await statuses(both, {})).toEqual([200, 200, 429, 429]);
      expect(await statuses(both, { headers: bad })).toEqual([401, 401, 429, 429]);

      await server.kill();
      const id = { headers: user('16'), fields: channelOf('16') };
      expect(await statuses([...both, one], id)).toEqual([200, 200, 200, 200, 429]);
      expect(await ready()).toStrictEqual({ status: 'ready', limits: 'local' });
      expect(await local()).toBe('1');

      await server.start();
      // Each reconnects by itself, and counts separately until then.
      await vi.waitFor(
        async () => {
          const states = [await ready(one), await ready(other)];
          expect(states).toMatchObject([{ limits: 'shared' }, { limits: 'shared' }]);
        },
        { timeout: 30_000 },
      );
      expect(await local()).toBe('0');
      const next = { headers: user('17'), fields: channelOf('17') };
      expect(await statuses(both, next)).toEqual([200, 200, 429, 429]);
    } finally {
      await one.stop();
      await other.stop();
      await server.kill();
    }
  });
});
