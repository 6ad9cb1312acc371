import { describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { allowedOrigin, guestToken, useUsher, userToken } from '../../support/usher.ts';
import { send, asJson, signature, socketId, userRequest } from '../requests.ts';
import type { TestRequest, RequestOptions } from '../requests.ts';

const own = 'private-tenant.1.user.15';
const chat = 'presence-tenant.1.escrow.42.chat';
const other = 'private-tenant.1.user.16';

/** The fields in which the plugin sends names. */
const numbered = (names: readonly string[]) =>
  Object.fromEntries(names.map((name, i) => [`channel_name[${i}]`, name]));

/** The request that the plugin makes for user 15 of tenant 1. */
function batch(
  names: readonly string[],
  { path, fields, headers }: RequestOptions = {},
): TestRequest {
  return userRequest({
    path: path ?? '/pusher/auth/batch',
    fields: { channel_name: undefined, ...numbered(names), ...fields },
    ...(headers && { headers }),
  });
}

const json = (names: unknown): TestRequest =>
  asJson(batch([]), JSON.stringify({ socket_id: socketId, channel_name: names }));

/** The entries without the ids of their decisions, each of which must have one. */
function entriesOf(body: unknown): Readonly<Record<string, object>> {
  const entries = Object.entries(body as Record<string, { decision_id?: unknown }>);
  const bare = entries.map(([name, { decision_id: id, ...entry }]) => {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    return [name, entry] as const;
  });
  return Object.fromEntries(bare);
}

const aText = expect.any(String) as string;
const denied = { status: 403, message: 'You may not enter this channel' };

const memberData = '{"user_id":"15","user_info":{"id":"15"}}';
const granted = {
  [own]: { status: 200, data: { auth: signature(socketId, own) } },
  [chat]: {
    status: 200,
    data: { auth: signature(socketId, chat, memberData), channel_data: memberData },
  },
};

describe('a batch of channels', () => {
  const usher = useUsher();

  it.each<[string, TestRequest]>([
    ['a form', batch([own, chat, other])],
    ['JSON', json([own, chat, other])],
    ['the other path', batch([own, chat, other], { path: '/broadcasting/auth/batch' })],
    [
      'the plugin, which begins its body with an ampersand and does not encode brackets',
      {
        ...batch([]),
        headers: {
          ...batch([]).headers,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: `&socket_id=${socketId}&channel_name[0]=${own}&channel_name[1]=${chat}&channel_name[2]=${other}`,
      },
    ],
  ])('gets a response for each channel: %s', async (_case, request) => {
    const response = await send(usher.public, request);
    expect(response.status).toBe(200);
    expect(entriesOf(response.body)).toStrictEqual({ ...granted, [other]: denied });
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('has a row for each channel under the decision’s id in its entry', async () => {
    const response = await send(usher.public, batch([own, other]));
    const entries = Object.entries(response.body as Record<string, { decision_id: string }>);
    const { rows } = await withClient(usher.database, (admin) =>
      admin.query('SELECT decision_id AS id, channel FROM audit_log WHERE request_id = $1', [
        response.headers.get('x-request-id'),
      ]),
    );
    expect(entries.map(([name, { decision_id: id }]) => ({ id, channel: name }))).toEqual(
      expect.arrayContaining(rows),
    );
    expect(rows.length).toBe(2);
  });

  it('has a row for each channel under the id of the request', async () => {
    const response = await send(usher.public, batch([own, other, 'private-nothing']));
    const { rows } = await withClient(usher.database, (admin) =>
      admin.query(
        'SELECT channel, outcome, code, principal_id FROM audit_log WHERE request_id = $1 ORDER BY channel',
        [response.headers.get('x-request-id')],
      ),
    );
    expect(rows).toEqual([
      {
        channel: 'private-nothing',
        outcome: 'refusal',
        code: 'unknown-channel',
        principal_id: null,
      },
      { channel: own, outcome: 'grant', code: null, principal_id: '15' },
      { channel: other, outcome: 'refusal', code: 'not-allowed', principal_id: '15' },
    ]);
  });

  it.each<[string, TestRequest, { status: number; message: string }]>([
    [
      'no credential',
      batch([own, chat], { headers: { authorization: undefined } }),
      { status: 401, message: 'A credential is required' },
    ],
    [
      'an invalid credential',
      batch([own, chat], { headers: { authorization: 'Bearer x' } }),
      { status: 401, message: 'The credential is not valid' },
    ],
    [
      'a guest token',
      batch([own, chat], { headers: { authorization: `Bearer ${guestToken()}` } }),
      { status: 401, message: 'The credential is not valid' },
    ],
    [
      'no tenant',
      batch([own, chat], { headers: { 'x-tenant-id': undefined } }),
      { status: 403, message: 'X-Tenant-ID is required' },
    ],
    [
      'a malformed socket',
      batch([own, chat], { fields: { socket_id: '1' } }),
      { status: 400, message: 'socket_id is malformed' },
    ],
  ])(
    'reports an error of the whole request for every channel: %s',
    async (_case, request, entry) => {
      const response = await send(usher.public, request);
      expect(response.status).toBe(200);
      expect(entriesOf(response.body)).toStrictEqual({ [own]: entry, [chat]: entry });
    },
  );

  it.each([
    ['a name outside the grammar', 'private-a:b', 400],
    ['a public name', 'announcements', 400],
    ['__proto__', '__proto__', 400],
    ['toJSON', 'toJSON', 400],
    ['then', 'then', 400],
    ['an encrypted name without a master key', 'private-encrypted-tenant.1.user.15', 403],
    ['a name of another tenant', 'private-tenant.2.user.15', 403],
  ])('refuses %s and keeps the others', async (_case, name, status) => {
    const response = await send(usher.public, batch([own, name]));
    expect(response.status).toBe(200);
    const entries = Object.entries(JSON.parse(response.text) as object);
    expect(new Map(entries)).toEqual(
      new Map<string, unknown>([
        [own, { ...granted[own], decision_id: aText }],
        [name, { status, message: aText, decision_id: aText }],
      ]),
    );
  });

  it('accepts a hundred names of the maximum length, percent-encoded, and a long token', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `private-${'='.repeat(153)}${100 + i}`);
    const response = await send(
      usher.public,
      batch(names, { fields: { unread: 'x'.repeat(8192) } }),
    );
    expect(response.status).toBe(200);
    expect(Object.values(entriesOf(response.body))).toEqual(names.map(() => denied));
  });

  const hundred = Array.from({ length: 101 }, (_, i) => `private-tenant.1.user.${i}`);
  it.each<[string, TestRequest, number]>([
    ['no names', batch([]), 400],
    ['an empty list', json([]), 400],
    ['101 names', batch(hundred), 400],
    ['101 names in JSON', json(hundred), 400],
    ['200 fields', batch([...hundred, ...hundred]), 400],
    ['a repeated name', batch([own, own]), 400],
    ['a repeated name in JSON', json([own, own]), 400],
    [
      'a repeated field',
      { ...batch([]), body: `socket_id=1.2&channel_name[0]=a&channel_name[0]=b` },
      415,
    ],
    ['a repeated index', batch([own], { fields: { 'channel_name[00]': chat } }), 400],
    ['an empty name', batch([own, '']), 400],
    ['a name that is too long', batch(['private-'.padEnd(513, 'a')]), 400],
    [
      'one name in the format of a single request',
      userRequest({ path: '/pusher/auth/batch' }),
      400,
    ],
    ['one name and a batch', batch([own], { fields: { channel_name: chat } }), 400],
    ['a text in JSON', json(own), 400],
    ['a number in a list', json([1]), 400],
    ['a list in a list', json([[own]]), 400],
    ['null in a list', json([null]), 400],
    ['an object', json({ 0: own }), 400],
    ['null', json(null), 400],
    ['no socket', batch([own], { fields: { socket_id: undefined } }), 400],
    ['no index', batch([own], { fields: { 'channel_name[]': chat } }), 400],
    ['an index that is not a number', batch([own], { fields: { 'channel_name[a]': chat } }), 400],
    ['a nested index', batch([own], { fields: { 'channel_name[1][0]': chat } }), 400],
    ['a body over the limit', batch([own], { fields: { unread: 'x'.repeat(90_000) } }), 413],
    ['nothing', { path: '/pusher/auth/batch' }, 400],
    ['GET', { path: '/pusher/auth/batch', method: 'GET' }, 405],
  ])('is refused as a whole with %s', async (_case, request, status) => {
    const response = await send(usher.public, request);
    expect(response.status).toBe(status);
    expect(response.body).toMatchObject({ request_id: response.headers.get('x-request-id') });
  });
});

describe('refused batches of one address', () => {
  const usher = useUsher({ RATE_LIMIT_FAILURES: '2' });
  const bad = batch([own, chat], { headers: { authorization: 'Bearer x', origin: allowedOrigin } });

  it('count once each, and do not block grants to others', async () => {
    expect((await send(usher.public, bad)).status).toBe(200);
    expect((await send(usher.public, batch([own, other]))).status).toBe(200);
    const limited = await send(usher.public, bad);
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBeTruthy();
    expect(limited.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    const mixed = await send(usher.public, batch([own, other]));
    const seconds = (mixed.body as Record<string, { retry_after: number }>)[other]?.retry_after;
    expect(seconds).toBeGreaterThan(0);
    expect(entriesOf(mixed.body)).toStrictEqual({
      [own]: granted[own],
      [other]: { status: 429, message: 'Too many refused requests', retry_after: seconds },
    });
    const good = await send(
      usher.public,
      batch([own], { headers: { authorization: `Bearer ${userToken()}` } }),
    );
    expect(entriesOf(good.body)).toStrictEqual({ [own]: granted[own] });
  });
});
