import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, withClient } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { allowedOrigin, startUsher } from '../support/usher.ts';
import type { TestUsher } from '../support/usher.ts';
import { send, guestRequest, userRequest, signInRequest } from '../http/requests.ts';
import type { TestResponse, TestRequest } from '../http/requests.ts';
import { openTunnel } from './tunnel.ts';
import type { Tunnel } from './tunnel.ts';

const headers = { origin: allowedOrigin };
const good: readonly TestRequest[] = [
  userRequest({ headers }),
  userRequest({ headers, fields: { channel_name: 'private-tenant.1.escrow.42' } }),
  signInRequest({ headers }),
  guestRequest({ headers }),
];
const bad = userRequest({ headers: { ...headers, authorization: 'Bearer x' } });

function expectUnavailable(response: TestResponse): void {
  expect([response.status, response.body]).toMatchObject([
    503,
    { error: 'Service Unavailable', message: 'Try again in a moment' },
  ]);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
  expect(response.headers.get('access-control-expose-headers')).toContain('Retry-After');
  expect(response.headers.get('x-request-id')).toBeTruthy();
  expect(response.text).not.toMatch(/"auth"|postgres|127\.0\.0\.1|ECONN/);
}

describe('while the database is unavailable', () => {
  let database: TestDatabase;
  let tunnel: Tunnel;
  let usher: TestUsher;
  beforeAll(async () => {
    database = await createTestDatabase();
    tunnel = await openTunnel(database.url.reveal());
    usher = await startUsher({ DATABASE_URL: tunnel.url });
  });
  afterEach(() => {
    tunnel.restore();
  });
  afterAll(async () => {
    await usher.stop();
    await tunnel.close();
    await database.drop();
  });

  const statuses = async (requests: readonly TestRequest[]) =>
    (await Promise.all(requests.map((request) => send(usher.public, request)))).map(
      ({ status }) => status,
    );
  const ready = async () => (await send(usher.operator, { method: 'GET', path: '/readyz' })).status;

  /** Repeats a request until the pool has reconnected; the timeout of the test is the bound. */
  const recovered = async () => {
    while ((await ready()) !== 200);
    for (;;) {
      const seen = await statuses([...good, bad]);
      if (!seen.includes(503)) return seen;
    }
  };

  it.each(['disconnect', 'freeze'] as const)(
    'no subscription is granted and the reason is logged (%s); service resumes afterwards',
    async (breakIt) => {
      expect(await statuses([...good, bad])).toStrictEqual([200, 200, 200, 200, 401]);
      tunnel[breakIt]();
      const responses = await Promise.all(
        [...good, bad].map((request) => send(usher.public, request)),
      );
      for (const response of responses) expectUnavailable(response);
      const fact = { method: 'GET', path: '/resources/tenants/1/escrows/42' };
      expect((await send(usher.operator, fact)).status).toBe(503);
      expect(await ready()).toBe(503);
      expect((await send(usher.operator, { method: 'GET', path: '/livez' })).status).toBe(200);
      // Requests that need no fact and no audit row still get a response.
      const malformed = userRequest({ headers, fields: { socket_id: undefined } });
      expect((await send(usher.public, malformed)).status).toBe(400);

      tunnel.restore();
      expect(await recovered()).toStrictEqual([200, 200, 200, 200, 401]);
    },
  );

  it('connections that the server closed between two queries are replaced', async () => {
    expect(await statuses(good)).toStrictEqual([200, 200, 200, 200]);
    await withClient(database.url, (admin) =>
      admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'usher'`,
      ),
    );
    expect(await recovered()).toStrictEqual([200, 200, 200, 200, 401]);
  });

  it('a grant that cannot be written to the audit log is not sent', async () => {
    await withClient(database.url, async (admin) => {
      await admin.query('ALTER TABLE audit_log RENAME TO audit_log_gone');
      try {
        for (const request of [...good, bad]) expectUnavailable(await send(usher.public, request));
      } finally {
        await admin.query('ALTER TABLE audit_log_gone RENAME TO audit_log');
      }
    });
    expect(await statuses(good)).toStrictEqual([200, 200, 200, 200]);
  });
});
