import { describe, expect, it } from 'vitest';
import { withClient } from '../support/database.ts';
import { testNow, testSeconds } from '../support/tokens.ts';
import { guestToken, useUsher, userToken } from '../support/usher.ts';
import {
  send,
  guestRequest,
  guestChannel,
  socketId,
  userRequest,
  signInRequest,
} from '../http/requests.ts';
import type { TestRequest } from '../http/requests.ts';

type Row = Readonly<Record<string, unknown>>;
type Expected = { readonly audit: Row; readonly signals?: readonly string[] };

const origin = { address: '127.0.0.1', user_agent: 'a browser', at: new Date(testNow) };
const userAgent = { 'user-agent': 'a browser' };
const asUser = { principal_kind: 'user', principal_id: '15', tenant_id: '1' };
const asGuest = { principal_kind: 'guest', principal_id: 'grand-hotel/BK-2025-ABC123' };
const ownFamily = 'private-tenant.{tenantId}.user.{userId}';
const guestFamily = 'private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}';
const failed = ['authentication-failed'];

const cases: readonly (readonly [string, TestRequest, Expected])[] = [
  [
    'a grant for a user',
    userRequest({ headers: userAgent }),
    {
      audit: {
        action: 'subscribe',
        outcome: 'grant',
        code: null,
        family: ownFamily,
        channel: 'private-tenant.1.user.15',
        socket_id: socketId,
        failed_check: null,
        ...asUser,
      },
    },
  ],
  [
    'a grant for a guest',
    guestRequest({ headers: userAgent }),
    {
      audit: {
        action: 'subscribe',
        outcome: 'grant',
        code: null,
        family: guestFamily,
        channel: guestChannel,
        socket_id: socketId,
        tenant_id: null,
        ...asGuest,
      },
    },
  ],
  [
    'a sign-in',
    signInRequest({ headers: userAgent }),
    {
      audit: {
        action: 'sign-in',
        outcome: 'grant',
        code: null,
        family: null,
        channel: null,
        socket_id: socketId,
        ...asUser,
      },
    },
  ],
  [
    'a user at another’s channel',
    userRequest({ headers: userAgent, fields: { channel_name: 'private-tenant.1.user.16' } }),
    {
      audit: {
        outcome: 'refusal',
        code: 'not-allowed',
        failed_check: 'channel is the user’s own',
        ...asUser,
      },
    },
  ],
  [
    'a user at another tenant’s channel',
    userRequest({ headers: userAgent, fields: { channel_name: 'private-tenant.2.user.15' } }),
    {
      audit: { outcome: 'refusal', code: 'tenant-mismatch', ...asUser, tenant_id: '2' },
      signals: ['cross-tenant'],
    },
  ],
  [
    'a sign-in for another tenant',
    signInRequest({ headers: { ...userAgent, 'x-tenant-id': '2' } }),
    {
      audit: { action: 'sign-in', outcome: 'refusal', code: 'tenant-mismatch', ...asUser },
      signals: ['cross-tenant'],
    },
  ],
  [
    'a guest at another hotel',
    guestRequest({ headers: userAgent, path: '/api/guest/hotel/other/chat/pusher/auth' }),
    {
      audit: { outcome: 'refusal', code: 'hotel-mismatch', ...asGuest },
      signals: ['cross-tenant'],
    },
  ],
  [
    'a request without credentials',
    userRequest({ headers: { ...userAgent, authorization: undefined } }),
    {
      audit: { outcome: 'refusal', code: 'credential-missing', principal_id: null, tenant_id: '1' },
      signals: failed,
    },
  ],
  [
    'a token that has expired',
    userRequest({
      headers: { ...userAgent, authorization: `Bearer ${userToken({ exp: testSeconds })}` },
    }),
    {
      audit: { outcome: 'refusal', code: 'credential-expired', principal_id: null },
      signals: failed,
    },
  ],
  [
    'a guest’s token that was forged',
    guestRequest({ headers: userAgent, fields: { token: `${guestToken()}x` } }),
    {
      audit: { outcome: 'refusal', code: 'credential-rejected', principal_id: null },
      signals: failed,
    },
  ],
  [
    'a name that is none, which is not kept',
    userRequest({ headers: userAgent, fields: { channel_name: `private-${userToken()}:x` } }),
    { audit: { outcome: 'refusal', code: 'malformed-channel', channel: null, family: null } },
  ],
  [
    'a socket that is none, which is not kept',
    userRequest({ headers: userAgent, fields: { socket_id: `a${socketId}` } }),
    { audit: { outcome: 'refusal', code: 'malformed-socket-id', socket_id: null, channel: null } },
  ],
];

describe('the row', () => {
  const usher = useUsher();
  const rows = async (table: string, id: string | null): Promise<readonly Row[]> => {
    const sql = `SELECT * FROM ${table} WHERE decision_id = $1`;
    return (await withClient(usher.database, (client) => client.query<Row>(sql, [id]))).rows;
  };

  it.each(cases)('%s', async (_case, sent, { audit, signals = [] }) => {
    const response = await send(usher.public, sent);
    const id = response.headers.get('x-decision-id');
    const request = { ...origin, request_id: response.headers.get('x-request-id') };
    const [row, ...more] = await rows('audit_log', id);
    expect(row).toMatchObject({ ...request, ...audit, decision_id: id });
    expect(more).toStrictEqual([]);
    expect(response.status === 200).toBe(row?.['outcome'] === 'grant');

    const events = await rows('security_events', id);
    const expected = signals.map((signal) => ({ ...request, signal }));
    expect(events).toMatchObject(expected);
    expect(events).toHaveLength(expected.length);
  });

  it('has an id that increases with time, so that the index grows at one end', async () => {
    const ids: (string | null)[] = [];
    for (let i = 0; i < 3; i += 1) {
      const response = await send(usher.public, userRequest());
      ids.push(response.headers.get('x-decision-id'));
      usher.clock.advance(1);
    }
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(3);
  });

  it('has each check, by name', async () => {
    const response = await send(usher.public, userRequest());
    const [row] = await rows('audit_log', response.headers.get('x-decision-id'));
    const checks = row?.['checks'] as readonly { name: string; passed: boolean }[];
    expect(checks.map(({ name }) => name)).toContain('channel is the user’s own');
    expect(checks.every(({ passed }) => passed)).toBe(true);
  });

  it('of a request contains no part of its credential', async () => {
    const tokens = [userToken({ jti: 'a' }), guestToken({ jti: 'b' }), 'not-a-token-but-secret'];
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${token}` };
      const path = `/api/guest/hotel/grand-hotel/chat/pusher/auth?token=${token}`;
      await send(usher.public, userRequest({ headers, path: `/broadcasting/auth?token=${token}` }));
      await send(usher.public, signInRequest({ headers }));
      await send(usher.public, guestRequest({ path, fields: { token } }));
      await send(usher.public, userRequest({ fields: { channel_name: token, socket_id: token } }));
      await send(usher.public, userRequest({ fields: { channel_name: token } }));
    }
    const all = await withClient(usher.database, async (client) => {
      const audit = await client.query('SELECT * FROM audit_log');
      const security = await client.query('SELECT * FROM security_events');
      return JSON.stringify([audit.rows, security.rows]);
    });
    for (const token of tokens) {
      for (const part of token.split('.')) expect(all).not.toContain(part);
    }
  });

  it('has only the beginning of a long user agent', async () => {
    const request = userRequest({ headers: { 'user-agent': 'a'.repeat(2000) } });
    const response = await send(usher.public, request);
    const [row] = await rows('audit_log', response.headers.get('x-decision-id'));
    expect(row?.['user_agent']).toBe('a'.repeat(256));
  });
});
