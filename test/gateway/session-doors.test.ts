import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../http/asking.ts';
import { openSocket, speak } from '../http/raw-socket.ts';
import { withClient } from '../support/database.ts';
import { testNow } from '../support/tokens.ts';
import { allowedOrigin, startUsher, userToken, type TestUsher } from '../support/usher.ts';
import {
  openClient,
  startUpstream,
  tryClient,
  type Talker,
  type TestUpstream,
} from '../support/web-socket.ts';
import { settle, until } from './doorstep.ts';

/** Who the host says each cookie belongs to; a status where it says nothing. */
const visitors = new Map<string, object | number>();
let host: Server;
let upstream: TestUpstream;
let usher: TestUsher;

const environment = () => ({
  SESSION_MODE: 'introspect',
  SESSION_INTROSPECTION_URL: `http://127.0.0.1:${(host.address() as AddressInfo).port}/`,
  SESSION_COOKIE_NAME: 'sid',
  SESSION_WS_UPSTREAM: `${upstream.url}/host/`,
});

beforeAll(async () => {
  host = createServer((request, response) => {
    const [, cookie = ''] = /sid=([^;]*)/.exec(request.headers.cookie ?? '') ?? [];
    const answer = visitors.get(cookie) ?? 401;
    response.writeHead(typeof answer === 'number' ? answer : 200);
    response.end(JSON.stringify(answer));
  });
  await new Promise((resolve) =>
    host.listen(0, '127.0.0.1', () => {
      resolve(undefined);
    }),
  );
  upstream = await startUpstream();
  usher = await startUsher(environment());
  await ask(usher.operator, {
    method: 'PUT',
    path: '/resources/orders/O-7',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ owner_id: '15' }),
  });
});

afterAll(async () => {
  await usher.stop();
  await upstream.stop();
  host.closeAllConnections();
  await new Promise((resolve) => host.close(resolve));
});

let count = 0;
/** A cookie that nobody had before. */
const newCookie = (answer: object | number) => {
  count += 1;
  visitors.set(`cookie-${count}`, answer);
  return `cookie-${count}`;
};

beforeEach(() => {
  usher.clock.now = testNow;
});

const staff = { user_id: '7', is_staff: true };
const owner = { user_id: '15' };

const as = (cookie: string, headers: Record<string, string> = {}) => ({
  headers: { origin: allowedOrigin, cookie: `theme=dark; sid=${cookie}; lang=de`, ...headers },
});

/** Goes in, and gives both ends. */
const enter = async (path: string, cookie: string) => {
  const client = await openClient(usher.public, path, as(cookie));
  const server = await upstream.next();
  await settle(server);
  return { client, server };
};

/** Two looks: the first may still know what the host said before. */
const look = async (client: Talker) => {
  const before = usher.clock.waiting();
  usher.clock.advance(15_000);
  await until(() => usher.clock.waiting() === before || client.socket.readyState > 1, 1e6);
};

describe('a door of the host’s WebSockets', () => {
  it.each([
    ['/ws/all-seat-datasocket/', staff],
    ['/ws/all-seat-datasocket', staff],
    ['/ws/chat/', { user_id: '8', is_superuser: true }],
    ['/ws/payment-socket/O-7/', owner],
    ['/ws/payment-socket/O-7?x=1&y=%2F', owner],
  ])('%s leads to the host, at the same address', async (path, visitor) => {
    const { client, server } = await enter(path, newCookie(visitor));
    expect(server.path).toBe(`/host${path}`);
    client.socket.send('hello');
    expect(await server.next()).toBe('hello');
    server.socket.send(Buffer.from('seats'));
    expect(await client.next()).toEqual(Buffer.from('seats'));
  });

  it('tells the host who it is, and of the visitor’s headers the origin and the one cookie', async () => {
    const cookie = newCookie({ ...staff, is_superuser: true });
    await openClient(usher.public, '/ws/chat/', as(cookie, { 'X-Usher-User-Id': '1', via: 'x' }));
    const { headers } = await upstream.next();
    expect(headers).toMatchObject({
      'x-usher-user-id': '7',
      'x-usher-roles': 'staff,superuser',
      'x-usher-session-id': expect.stringMatching(/^[0-9]+\.[0-9]+$/) as unknown,
      cookie: `sid=${cookie}`,
      origin: allowedOrigin,
    });
    expect(headers).not.toHaveProperty('via');
  });

  it('leads to the order that was judged, however its address is spelt', async () => {
    const { server } = await enter('/ws/payment-socket/%4F-7/', newCookie(owner));
    expect(server.path).toBe('/host/ws/payment-socket/O-7/');
  });

  it.each([
    ['nobody', 401, { path: '/ws/chat/', settings: { headers: { origin: allowedOrigin } } }],
    ['a stranger’s cookie', 401, { path: '/ws/chat/', settings: as('unknown') }],
    ['somebody who is not staff', 403, { path: '/ws/chat/', settings: as(newCookie(owner)) }],
    [
      'somebody who is not staff',
      403,
      { path: '/ws/all-seat-datasocket/', settings: as(newCookie(owner)) },
    ],
    [
      'staff without the order',
      403,
      { path: '/ws/payment-socket/O-7/', settings: as(newCookie(staff)) },
    ],
    [
      'an order that does not exist',
      403,
      { path: '/ws/payment-socket/O-8/', settings: as(newCookie(owner)) },
    ],
    [
      'an order that none can be',
      400,
      { path: '/ws/payment-socket/..%2Fchat/', settings: as(newCookie(owner)) },
    ],
    [
      'an order with a dot',
      403,
      { path: '/ws/payment-socket/O.7/', settings: as(newCookie(owner)) },
    ],
    [
      'a foreign page',
      403,
      { path: '/ws/chat/', settings: as(newCookie(staff), { origin: 'https://evil.example' }) },
    ],
    [
      'no page',
      403,
      { path: '/ws/chat/', settings: { headers: { cookie: `sid=${newCookie(staff)}` } } },
    ],
    [
      'two cookies',
      400,
      { path: '/ws/chat/', settings: as(newCookie(staff), { cookie: 'sid=a; sid=b' }) },
    ],
    ['a user’s token', 403, { path: '/ws/chat/', settings: as(newCookie(staff), bearer()) }],
    ['a host that is down', 503, { path: '/ws/chat/', settings: as(newCookie(500)) }],
  ])('refuses %s with %d before the handshake', async (_who, status, { path, settings }) => {
    const reached = upstream.count();
    const answer = await tryClient(usher.public, path, settings);
    if (!('status' in answer)) throw new Error('It was let in');
    expect(answer.status).toBe(status);
    const id = answer.headers['x-request-id'];
    expect(JSON.parse(answer.text)).toEqual({
      error: expect.any(String) as unknown,
      message: expect.any(String) as unknown,
      request_id: id,
    });
    if (status !== 400 && status !== 503) {
      expect(answer.headers['x-decision-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(upstream.count()).toBe(reached);
  });

  it('leads nowhere else for who writes dots into the order', async () => {
    const received = await speak(
      usher.public,
      handshake('/ws/payment-socket/%2e%2e/', newCookie({ ...owner, ...staff })),
    );
    expect(received).toMatch(/^HTTP\/1.1 403 /);
  });

  it('leads nowhere else for who writes another host into the address (RFC 9112 §3.2.2)', async () => {
    const socket = await openSocket(usher.public);
    socket.write(handshake('http://elsewhere.example/ws/chat/?a=b', newCookie(staff)));
    await socket.until(' 101 ');
    expect((await upstream.next()).path).toBe('/host/ws/chat/?a=b');
    socket.destroy();
  });

  it('counts against an address only who did not prove who they are', async () => {
    const strict = await startUsher({ ...environment(), RATE_LIMIT_CONNECTIONS: '2' });
    const attempt = (cookie: string) => tryClient(strict.public, '/ws/chat/', as(cookie));
    for (let visitor = 0; visitor < 4; visitor += 1) {
      await openClient(strict.public, '/ws/chat/', as(newCookie(staff)));
      await upstream.next();
    }
    expect(await attempt('unknown')).toMatchObject({ status: 401 });
    expect(await attempt('unknown')).toMatchObject({ status: 401 });
    const before = strict.clock.waiting();
    const third = attempt(newCookie(staff));
    // It waits for one of theirs to be given back, which never happens.
    await until(() => strict.clock.waiting() > before, 1e6);
    strict.clock.advance(5_000);
    expect(await third).toMatchObject({ status: 429 });
    await strict.stop();
  });

  it('is no door for who does not ask for a WebSocket, nor where no host was configured', async () => {
    const plain = { method: 'GET', path: '/ws/chat/', headers: { origin: allowedOrigin } };
    expect((await ask(usher.public, plain)).status).toBe(404);
    const without = await startUsher();
    const answer = await tryClient(without.public, '/ws/chat/', as(newCookie(staff)));
    expect(answer).toMatchObject({ status: 404 });
    await without.stop();
  });
});

describe('somebody inside is shown out', () => {
  it('when the session ends', async () => {
    const end = new Date(testNow + 25_000).toISOString();
    const { client, server } = await enter('/ws/chat/', newCookie({ ...staff, expires_at: end }));
    usher.clock.advance(24_999);
    await settle(client);
    usher.clock.advance(1);
    expect((await client.closed).code).toBe(4001);
    expect((await server.closed).code).toBe(4001);
  });

  it('when the host does not know the cookie any more', async () => {
    const cookie = newCookie(staff);
    const { client, server } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, 401);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4001);
    expect((await server.closed).code).toBe(4001);
  });

  it.each([
    ['loses a right', { user_id: '7', is_staff: false }],
    ['becomes somebody else', { user_id: '9', is_staff: true }],
  ])('who %s', async (_what, now) => {
    const cookie = newCookie(staff);
    const { client } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, now);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
  });

  it('whose order becomes somebody else’s', async () => {
    const order = {
      path: '/resources/orders/O-9',
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
    };
    await ask(usher.operator, { ...order, body: '{"owner_id":"15"}' });
    const { client } = await enter('/ws/payment-socket/O-9/', newCookie(owner));
    await ask(usher.operator, { ...order, body: '{"owner_id":"16"}' });
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
  });

  it('who is revoked, at once', async () => {
    const { client } = await enter('/ws/chat/', newCookie({ user_id: '77', is_staff: true }));
    const answer = await ask(usher.operator, {
      path: '/revocations',
      headers: { 'content-type': 'application/json' },
      body: '{"user_id":"77"}',
    });
    expect(answer.text).toContain('{"effect":"websockets-closed","connections":1}');
    expect((await client.closed).code).toBe(4003);
  });

  it('when the host cannot say three times', async () => {
    const cookie = newCookie(staff);
    const { client } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, 500);
    for (let i = 0; i < 2; i += 1) {
      await look(client);
      await settle(client);
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(1013);
  });
});

describe('somebody inside stays', () => {
  it('while the host moves the end of the session on, and only what changes is recorded', async () => {
    const cookie = newCookie(staff);
    const end = (after: number) =>
      visitors.set(cookie, { ...staff, expires_at: new Date(testNow + after).toISOString() });
    end(20_000);
    const { client, server } = await enter('/ws/chat/', cookie);
    const { 'x-usher-session-id': socketId } = server.headers;
    for (let i = 1; i <= 3; i += 1) {
      end(20_000 + i * 15_000);
      await look(client);
      await settle(client);
    }
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    visitors.set(cookie, 401);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4001);
    const { rows } = await withClient(usher.database, (admin) =>
      admin.query('SELECT outcome, code FROM audit_log WHERE socket_id = $1 ORDER BY at', [
        decodeURIComponent(socketId as string),
      ]),
    );
    expect(rows).toEqual([
      { outcome: 'grant', code: null },
      { outcome: 'refusal', code: 'credential-rejected' },
    ]);
  });
});

/** A handshake with exactly this address, which a WebSocket client would tidy up. */
function handshake(address: string, cookie: string): string {
  const headers = {
    Host: 'a',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    Origin: allowedOrigin,
    Cookie: `sid=${cookie}`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${address} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

function bearer(): Record<string, string> {
  return { authorization: `Bearer ${userToken()}` };
}
