import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../support/database.ts';
import { startUsher, useUsher, userToken, type TestUsher } from '../support/usher.ts';
import { receive, raw, userLines } from '../attacks/attacker.ts';
import { send, asJson, guestRequest, userRequest, type TestRequest } from './requests.ts';

const own = 'private-tenant.1.user.15';
const form = `socket_id=1234.5678&channel_name=${own}`;
const json = `{"socket_id":"1234.5678","channel_name":"${own}"}`;
const withoutType = userLines().filter((line) => !line.startsWith('Content-Type'));
const typed = (type: string) => [...withoutType, `Content-Type: ${type}`];
const both = 'application/json, application/x-www-form-urlencoded';
const bothReversed = 'application/x-www-form-urlencoded, application/json; charset=utf-8';

/** A multipart form of these parts. */
function multipart(parts: readonly (readonly [string, string])[]): string {
  const texts = parts.map(
    ([name, value]) => `------f7Q\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}\r\n`,
  );
  return `${texts.join('')}------f7Q--\r\n`;
}
const named = (name: string) => `name="${name}"`;
const file = `${named('photo')}; filename="a.txt"`;
const good = [
  [named('socket_id'), '1234.5678'],
  [named('channel_name'), own],
] as const;

describe('requests of real clients', () => {
  const usher = useUsher();
  const post = (lines: readonly string[], body: string, path = '/broadcasting/auth') =>
    receive(usher.public, raw(`POST ${path}`, lines, body));
  const signed = async () => (await post(userLines(), form)).text;

  it.each<[string, readonly string[], string]>([
    ['a form under both types', typed(both), form],
    ['JSON under both types', typed(both), json],
    ['a form under both types, in the other order', typed(bothReversed), form],
    ['JSON under both types, in the other order', typed(bothReversed), json],
    ['JSON under the type of forms', typed('application/x-www-form-urlencoded'), json],
    ['a form under the type of JSON', typed('application/json'), form],
    ['a form without a type', withoutType, form],
    ['JSON without a type', withoutType, ` \n${json}`],
    ['a form under an empty type', typed(''), form],
    ['JSON under the type "undefined"', typed('undefined'), json],
    ['two Content-Type headers', [...typed('application/json'), `Content-Type: ${both}`], form],
    ['a charset', typed('application/x-www-form-urlencoded; charset=UTF-8'), form],
    ['a charset in quotes', typed('application/json;charset="utf-8"'), json],
    ['a type in upper case', typed('Application/JSON; Charset=UTF-8'), json],
    ['a charset in a separate header', [...userLines(), 'charset: UTF-8'], form],
    ['an unusual Accept', [...userLines(), 'Accept: text/html;level=1, */*;q=0'], form],
    ['FormData', typed('multipart/form-data; boundary=----f7Q'), multipart(good)],
    [
      'FormData with a boundary in quotes',
      typed('multipart/form-data; boundary="----f7Q"'),
      multipart(good),
    ],
    [
      'FormData with a repeated unused field and an unused file',
      typed('multipart/form-data; boundary=----f7Q'),
      multipart([...good, [named('ids[]'), '1'], [named('ids[]'), '2'], [file, 'text']]),
    ],
    ['a repeated unused field', userLines(), `${form}&ids[]=1&ids[]=2`],
    ['params and paramsProvider', userLines(), `${form}&lang=de&lang=en&lang=fr`],
    [
      'JSON with a repeated unused name',
      typed('application/json'),
      `{"a":1,"a":2,"b":{"c":1,"c":2},${json.slice(1)}`,
    ],
    [
      'an empty guest session beside the token',
      [...userLines(), 'X-Guest-Session:'],
      `${form}&guest_session=null`,
    ],
    [
      'null for a guest session beside the token',
      typed('application/json'),
      `{"guest_session":null,${json.slice(1)}`,
    ],
  ])('%s is read', async (_case, lines, body) => {
    const response = await post(lines, body);
    expect([response.status, response.text]).toEqual([200, await signed()]);
  });

  it('a base URL with a trailing slash reaches the route', async () => {
    for (const path of ['//broadcasting/auth', '/broadcasting//auth/', '///broadcasting/auth']) {
      expect((await post(userLines(), form, path)).status).toBe(200);
    }
  });

  it.each<[string, readonly string[], string, number, string]>([
    ['two channels', userLines(), `${form}&channel_name=x`, 400, 'channel_name is repeated'],
    ['two tenants', [...userLines(), 'X-Tenant-ID: 2'], form, 400, 'X-Tenant-ID is repeated'],
    [
      'a tenant from headers and headersProvider',
      [...userLines().filter((line) => !/^X-T/.test(line)), 'X-Tenant-ID: 1, 1'],
      form,
      400,
      'X-Tenant-ID is repeated',
    ],
    [
      'a token from headers and headersProvider',
      [
        `Authorization: Bearer ${userToken()}, Bearer ${userToken()}`,
        ...userLines().filter((line) => !/^Auth/.test(line)),
      ],
      form,
      400,
      'Authorization is repeated',
    ],
    [
      'two guest sessions',
      ['X-Guest-Session: a, b', ...withoutType],
      form,
      400,
      'X-Guest-Session is repeated',
    ],
    [
      'FormData with a type that the page has set',
      typed('multipart/form-data'),
      multipart(good),
      400,
      'The Content-Type of the multipart form has no boundary',
    ],
    [
      'truncated FormData',
      typed('multipart/form-data; boundary=----f7Q'),
      multipart(good).slice(0, -9),
      400,
      'The multipart form is malformed',
    ],
    [
      'a file as the socket',
      typed('multipart/form-data; boundary=----f7Q'),
      multipart([[`${named('socket_id')}; filename="a"`, '1.2'], good[1]]),
      400,
      'socket_id must be a text',
    ],
    [
      'FormData with too many fields',
      typed('multipart/form-data; boundary=----f7Q'),
      multipart(Array.from({ length: 129 }, (_, i) => [named(String(i)), ''] as const)),
      400,
      'Too many fields',
    ],
    [
      'large FormData',
      typed('multipart/form-data; boundary=----f7Q'),
      multipart([[named('x'), 'a'.repeat(25_000)]]),
      413,
      'The body is too large',
    ],
    [
      'deep JSON under the type of forms',
      userLines(),
      '{"a":'.repeat(5) + '1' + '}'.repeat(5),
      400,
      'The body is nested too deeply',
    ],
    ['neither JSON nor a form', typed('application/json'), 'hello', 400, 'The body is not JSON'],
    ...['text/plain', 'text/plain;charset=UTF-8', 'application/octet-stream', 'garbage'].map(
      (type): [string, readonly string[], string, number, string] => [
        `JSON that says it is ${type}`,
        typed(type),
        json,
        415,
        'The Content-Type must be application/json, application/x-www-form-urlencoded or multipart/form-data',
      ],
    ),
  ])('%s is refused, and the response and the audit log contain the cause', async (...row) => {
    const [, lines, body, status, message] = row;
    const response = await post(lines, body);
    expect([response.status, JSON.parse(response.text)]).toMatchObject([status, { message }]);
    expect(await recordOf(usher, response.head)).toEqual([
      {
        action: 'subscribe',
        code: 'malformed-request',
        failed_check: `request can be parsed: ${message}`,
      },
    ]);
  });

  const bodyless: readonly TestRequest[] = [
    { path: '/api/guest-sessions' },
    { path: '/api/guest-sessions/link', headers: { authorization: `Bearer ${userToken()}` } },
    { method: 'DELETE', path: '/api/guest-sessions/current' },
    {
      path: '/api/websocket/ticket',
      headers: { authorization: `Bearer ${userToken()}`, 'x-chat-server-key': 'chat' },
    },
  ];

  it.each(bodyless)(
    '$path without a body gets the same response, whatever its content type',
    async (request) => {
      const responseTo = async (
        type: string | undefined,
        lines: readonly string[] = [],
        body = '',
      ) => {
        const { headers = {} } = request;
        const visible = Object.entries({
          ...headers,
          ...(request.path.includes('/guest-sessions/') && {
            'x-guest-session': await startSession(usher),
          }),
          ...(type !== undefined && { 'content-type': type }),
        }).map(([name, value]) => `${name}: ${value}`);
        const start = `${request.method ?? 'POST'} ${request.path}`;
        const chunked = lines.some((line) => line.startsWith('Transfer')) ? '0\r\n\r\n' : '';
        return (
          await receive(usher.public, raw(start, ['Host: u', ...visible, ...lines], body) + chunked)
        ).status;
      };
      const expected = await responseTo(undefined);
      expect([200, 204, 401]).toContain(expected);
      for (const type of [
        'application/json',
        'application/json; charset=utf-8',
        'text/plain',
        'garbage',
        both,
        'multipart/form-data',
      ]) {
        expect([type, await responseTo(type)]).toEqual([type, expected]);
        expect([type, await responseTo(type, ['Content-Length: 0'])]).toEqual([type, expected]);
      }
      for (const type of ['application/json', 'text/plain']) {
        expect(await responseTo(type, ['Transfer-Encoding: chunked'])).toBe(expected);
      }
      expect(await responseTo('application/json', [], 'null')).toBe(expected);
    },
  );
});

async function startSession(usher: { readonly public: string }): Promise<string> {
  const { body } = await send(usher.public, { path: '/api/guest-sessions' });
  return (body as { readonly token: string }).token;
}

async function recordOf(usher: Pick<TestUsher, 'database'>, head: string): Promise<unknown[]> {
  const id = /x-decision-id: (\S+)/.exec(head)?.[1];
  const { rows } = await withClient(usher.database, (client) =>
    client.query<object>(
      'SELECT action, code, failed_check FROM audit_log WHERE decision_id = $1',
      [id],
    ),
  );
  return rows;
}

describe('a malformed request', () => {
  const usher = useUsher();
  const hotel = '/api/guest/hotel/grand-hotel/chat/pusher/auth';
  const large = 'a'.repeat(90_000);
  const plain = { 'content-type': 'text/plain' };

  it.each<[string, TestRequest, number, string]>([
    ['GET', { method: 'GET', path: '/pusher/auth' }, 405, 'subscribe'],
    ['PUT to the hotel chat', { method: 'PUT', path: hotel }, 405, 'subscribe'],
    ['GET of a sign-in', { method: 'GET', path: '/broadcasting/user-auth' }, 405, 'sign-in'],
    ['GET of a ticket', { method: 'GET', path: '/api/websocket/ticket' }, 405, 'issue-ticket'],
    ['no socket', userRequest({ fields: { socket_id: undefined } }), 400, 'subscribe'],
    ['no token in the hotel chat', guestRequest({ fields: { token: '' } }), 400, 'subscribe'],
    [
      'a large batch',
      asJson(userRequest({ path: '/pusher/auth/batch' }), `{"x":"${large}"}`),
      413,
      'subscribe',
    ],
    [
      'an empty batch',
      userRequest({ path: '/pusher/auth/batch', fields: { channel_name: undefined } }),
      400,
      'subscribe',
    ],
    ['a form for a ticket', userRequest({ path: '/api/websocket/ticket' }), 415, 'issue-ticket'],
    [
      'JSON for a ticket with a text type',
      { ...asJson(userRequest({ path: '/api/websocket/ticket' }), '{}'), headers: plain },
      415,
      'issue-ticket',
    ],
    [
      'a malformed tenant',
      userRequest({ path: '/api/tenants/%C0%AF/pusher/auth' }),
      400,
      'subscribe',
    ],
    [
      'a malformed hotel',
      guestRequest({ path: hotel.replace('grand', '%E0%A4%A') }),
      400,
      'subscribe',
    ],
    [
      'a long tenant',
      userRequest({ path: `/api/tenants/${'1'.repeat(256)}/pusher/auth` }),
      400,
      'subscribe',
    ],
    [
      'a long hotel',
      guestRequest({ path: hotel.replace('grand', 'h'.repeat(256)) }),
      400,
      'subscribe',
    ],
    [
      'no ticket',
      asJson(userRequest({ path: '/api/websocket/ticket/redeem' }), '{}'),
      400,
      'redeem-ticket',
    ],
  ])('%s is recorded, with the id of its response', async (...[, request, status, action]) => {
    const response = await send(usher.public, request);
    expect(response.status).toBe(status);
    const head = `x-decision-id: ${response.headers.get('x-decision-id') ?? 'none'}`;
    const { message, error } = response.body as Readonly<Record<string, string>>;
    expect(await recordOf(usher, head)).toEqual([
      {
        action,
        code: 'malformed-request',
        failed_check: `request can be parsed: ${message ?? error ?? ''}`,
      },
    ]);
  });

  it('of another route, or of no route, has no decision', async () => {
    for (const path of ['/nowhere', '/%zz', '/api/guest-sessions/nowhere']) {
      const response = await send(usher.public, userRequest({ path }));
      expect(response.headers.get('x-decision-id')).toBeNull();
    }
  });
});

describe('a flood of malformed requests', () => {
  let usher: TestUsher;
  beforeAll(async () => {
    usher = await startUsher({ RATE_LIMIT_FAILURES: '3' });
  });
  afterAll(() => usher.stop());

  it('is limited, and counts as refused requests', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      statuses.push((await send(usher.public, userRequest({ fields: { socket_id: '' } }))).status);
    }
    expect(statuses).toEqual([400, 400, 400, ...Array<number>(5).fill(429)]);
    const { rows } = await withClient(usher.database, (client) =>
      client.query('SELECT count(*)::int AS rows FROM audit_log'),
    );
    expect(rows).toEqual([{ rows: 3 }]);
  });
});
