import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { WebSocketServer } from 'ws';
import { openSocket, speak, type RawSocket } from '../http/raw-socket.ts';
import { send } from '../http/requests.ts';
import { withClient } from '../support/database.ts';
import { testNow } from '../support/tokens.ts';
import { allowedOrigin, startUsher, userToken, type TestUsher } from '../support/usher.ts';
import {
  openClient,
  startUpstream,
  tryClient,
  type TestSocket,
  type TestUpstream,
  type UpstreamSocket,
} from '../support/web-socket.ts';
import { settle, until } from './test-endpoint.ts';

/** The application's response for each cookie: a user, or a status. */
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
    const reply = visitors.get(cookie) ?? 401;
    response.writeHead(typeof reply === 'number' ? reply : 200);
    response.end(JSON.stringify(reply));
  });
  await new Promise((resolve) =>
    host.listen(0, '127.0.0.1', () => {
      resolve(undefined);
    }),
  );
  upstream = await startUpstream();
  usher = await startUsher(environment());
  await send(usher.operator, {
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
/** A new session cookie. */
const newCookie = (response: object | number) => {
  count += 1;
  visitors.set(`cookie-${count}`, response);
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

/** Connects, and returns both ends. */
const enter = async (path: string, cookie: string) => {
  const client = await openClient(usher.public, path, as(cookie));
  const server = await upstream.next();
  await settle(server);
  return { client, server };
};

/** The number of timers without a request in progress: a request to the host has one until it ends. */
const waitingAtRest = async (): Promise<number> => {
  let waiting = usher.clock.waiting();
  for (let turns = 0; turns < 2_000; turns += 1) {
    await new Promise(setImmediate);
    if (usher.clock.waiting() !== waiting) turns = 0;
    waiting = usher.clock.waiting();
  }
  return waiting;
};

/** Runs one revalidation, which may still use a cached response of the application. */
const look = async (client: TestSocket) => {
  // A revalidation that an earlier reload started has no timer until it ends.
  await send(usher.operator, { path: '/policy/reload' });
  const before = await waitingAtRest();
  usher.clock.advance(15_000);
  await until(() => usher.clock.waiting() === before || client.socket.readyState > 1);
};

describe('a WebSocket endpoint of the application', () => {
  it.each([
    ['/ws/all-seat-datasocket/', staff],
    ['/ws/all-seat-datasocket', staff],
    ['/ws/chat/', { user_id: '8', is_superuser: true }],
    ['/ws/payment-socket/O-7/', owner],
    ['/ws/payment-socket/O-7?x=1&y=%2F', owner],
  ])('%s connects to the application, at the same path', async (path, visitor) => {
    const { client, server } = await enter(path, newCookie(visitor));
    expect(server.path).toBe(`/host${path}`);
    client.socket.send('hello');
    expect(await server.next()).toBe('hello');
    server.socket.send(Buffer.from('seats'));
    expect(await client.next()).toEqual(Buffer.from('seats'));
  });

  it('sends the application the identity, the headers of a reverse proxy, and the one cookie', async () => {
    const cookie = newCookie({ ...staff, is_superuser: true });
    const forged = { 'X-Usher-User-Id': '1', 'X-Forwarded-For': '1.2.3.4', via: 'x' };
    const own = { host: 'www.example', 'user-agent': 'Browser/1.0' };
    await openClient(usher.public, '/ws/chat/', as(cookie, { ...forged, ...own }));
    const { headers } = await upstream.next();
    expect(headers).toMatchObject({
      'x-usher-user-id': '7',
      'x-usher-roles': 'staff,superuser',
      'x-usher-session-id': expect.stringMatching(/^[0-9]+\.[0-9]+$/) as unknown,
      cookie: `sid=${cookie}`,
      origin: allowedOrigin,
      ...own,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'www.example',
      'x-forwarded-proto': 'http',
    });
    expect(headers).not.toHaveProperty('via');
  });

  it('connects to the authorized order, however its path is encoded', async () => {
    const { server } = await enter('/ws/payment-socket/%4F-7/', newCookie(owner));
    expect(server.path).toBe('/host/ws/payment-socket/O-7/');
  });

  it.each([
    ['no cookie', 401, { path: '/ws/chat/', settings: { headers: { origin: allowedOrigin } } }],
    ['an unknown cookie', 401, { path: '/ws/chat/', settings: as('unknown') }],
    ['a user who is not staff', 403, { path: '/ws/chat/', settings: as(newCookie(owner)) }],
    [
      'a user who is not staff',
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
      'an order id that cannot exist',
      400,
      { path: '/ws/payment-socket/..%2Fchat/', settings: as(newCookie(owner)) },
    ],
    [
      'an order with a dot',
      403,
      { path: '/ws/payment-socket/O.7/', settings: as(newCookie(owner)) },
    ],
    [
      'a page of another origin',
      403,
      { path: '/ws/chat/', settings: as(newCookie(staff), { origin: 'https://evil.example' }) },
    ],
    [
      'no Origin',
      403,
      { path: '/ws/chat/', settings: { headers: { cookie: `sid=${newCookie(staff)}` } } },
    ],
    [
      'two cookies',
      400,
      { path: '/ws/chat/', settings: as(newCookie(staff), { cookie: 'sid=a; sid=b' }) },
    ],
    ['a bearer token', 403, { path: '/ws/chat/', settings: as(newCookie(staff), bearer()) }],
    ['a host that is down', 503, { path: '/ws/chat/', settings: as(newCookie(500)) }],
  ])('refuses %s with %d before the handshake', async (_who, status, { path, settings }) => {
    const reached = upstream.count();
    const response = await tryClient(usher.public, path, settings);
    if (!('status' in response)) throw new Error('It was let in');
    expect(response.status).toBe(status);
    const id = response.headers['x-request-id'];
    expect(JSON.parse(response.text)).toEqual({
      error: expect.any(String) as unknown,
      message: expect.any(String) as unknown,
      request_id: id,
    });
    if (status !== 400 && status !== 503) {
      expect(response.headers['x-decision-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(upstream.count()).toBe(reached);
  });

  it('does not leave its path if the order id contains dots', async () => {
    const received = await speak(
      usher.public,
      handshake('/ws/payment-socket/%2e%2e/', newCookie({ ...owner, ...staff })),
    );
    expect(received).toMatch(/^HTTP\/1.1 403 /);
  });

  it('ignores another host in the request target (RFC 9112 §3.2.2)', async () => {
    const socket = await openSocket(usher.public);
    socket.write(handshake('http://elsewhere.example/ws/chat/?a=b', newCookie(staff)));
    await socket.until(' 101 ');
    expect((await upstream.next()).path).toBe('/host/ws/chat/?a=b');
    socket.destroy();
  });

  it('counts only unauthenticated attempts for an address', async () => {
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
    // The attempt waits for a refund of one of theirs, which never comes.
    await until(() => strict.clock.waiting() > before);
    strict.clock.advance(5_000);
    expect(await third).toMatchObject({ status: 429 });
    await strict.stop();
  });

  it('responds with 426 to a request whose upgrade headers a proxy removed, and records no grant', async () => {
    const cookie = newCookie({ ...staff, user_id: 'no-upgrade' });
    const { headers } = as(cookie);
    const response = await send(usher.public, { method: 'GET', path: '/ws/chat/', headers });
    expect(response).toMatchObject({
      status: 426,
      body: { error: 'Upgrade Required', message: expect.stringContaining('proxy') as unknown },
    });
    const old = handshake('/ws/chat/', cookie).replace('Version: 13', 'Version: 8');
    expect(await speak(usher.public, old)).toMatch(
      /^HTTP\/1\.1 426 (.*\r\n)*sec-websocket-version: 13\r\n/i,
    );
    const { rows } = await withClient(usher.database, (admin) =>
      admin.query("SELECT outcome FROM audit_log WHERE principal_id = 'no-upgrade'"),
    );
    expect(rows).toEqual([]);
  });

  it.each<readonly [string, string, (handshake: string) => string]>([
    [
      'whose Upgrade header a proxy removed',
      'This address accepts WebSocket connections only; if the client requested one, a proxy removed its Upgrade and Connection headers',
      (text) => text.replace(/Upgrade: .*\r\n/, '').replace('Upgrade', 'close'),
    ],
    [
      'whose Connection header a proxy removed',
      'This address accepts WebSocket connections only; if the client requested one, a proxy removed its Upgrade and Connection headers',
      (text) => text.replace('Connection: Upgrade', 'Connection: close'),
    ],
    [
      'of another version',
      'The WebSocket version must be 13',
      (text) => text.replace('Version: 13', 'Version: 8'),
    ],
    [
      'without a version',
      'The WebSocket version must be 13',
      (text) => text.replace(/Sec-WebSocket-Version: .*\r\n/, ''),
    ],
    [
      'without a key',
      'Sec-WebSocket-Key must be 16 bytes in base64',
      (text) => text.replace(/Sec-WebSocket-Key: .*\r\n/, ''),
    ],
    [
      'with a short key',
      'Sec-WebSocket-Key must be 16 bytes in base64',
      (text) => text.replace('dGhlI', ''),
    ],
    [
      'with a malformed subprotocol',
      'Sec-WebSocket-Protocol is malformed',
      (text) => text.replace('Origin:', 'Sec-WebSocket-Protocol: a,,b\r\nOrigin:'),
    ],
    [
      'with a malformed order',
      'The path is malformed',
      (text) => text.replace('/ws/chat/', '/ws/payment-socket/%zz/'),
    ],
    [
      'with an order that is too long',
      'The orderId in the path is too long',
      (text) => text.replace('/ws/chat/', `/ws/payment-socket/${'1'.repeat(256)}/`),
    ],
  ])('records a handshake %s, with the id in its response', async (_which, cause, change) => {
    const response = await speak(usher.public, change(handshake('/ws/chat/', newCookie(staff))));
    expect(response).toMatch(/^HTTP\/1\.1 4(?:00|26) /);
    expect(response).toContain(cause);
    const [, id] = /x-decision-id: (\S+)/.exec(response) ?? [];
    expect(await recordOf(id)).toEqual([
      {
        action: 'subscribe',
        outcome: 'refusal',
        code: 'malformed-request',
        failed_check: `request can be parsed: ${cause}`,
        principal_id: null,
      },
    ]);
  });

  it('returns the decision id of two refused session cookies', async () => {
    const response = await tryClient(usher.public, '/ws/chat/', as('a; sid=b'));
    const id = 'headers' in response ? response.headers['x-decision-id'] : undefined;
    expect(response).toMatchObject({ status: 400 });
    expect(await recordOf(id)).toMatchObject([
      { failed_check: 'request can be parsed: The session cookie is repeated' },
    ]);
  });

  it('does not exist if no application is configured', async () => {
    const without = await startUsher();
    const response = await tryClient(without.public, '/ws/chat/', as(newCookie(staff)));
    expect(response).toMatchObject({ status: 404 });
    await without.stop();
  });
});

describe('the application’s response to the handshake', () => {
  let site: Server | undefined;
  afterEach(async () => {
    site?.closeAllConnections();
    if (site?.listening === true) {
      site.close();
      await once(site, 'close');
    }
    site = undefined;
  });

  /** An application with this response. */
  const behind = async (
    respondWith: (request: IncomingMessage, socket: Duplex) => void,
    settings: Record<string, string> = {},
  ) => {
    site = createServer().on('upgrade', (request: IncomingMessage, socket) => {
      // A server does not close an upgraded connection by itself.
      socket.on('error', () => undefined).on('end', () => socket.destroy());
      socket.resume();
      respondWith(request, socket);
    });
    const { port } = await listening(site);
    const own = await startUsher({
      ...environment(),
      ...settings,
      SESSION_WS_UPSTREAM: `ws://127.0.0.1:${port}/`,
    });
    onTestFinished(() => own.stop());
    return own;
  };

  it.each([
    ['401 Unauthorized', 401, 'Unauthorized'],
    ['403 Forbidden', 403, 'Forbidden'],
    ['404 Not Found', 404, 'Not Found'],
    ['500 Internal Server Error', 500, 'Internal Server Error'],
    ['503 Service Unavailable\r\nRetry-After: 17', 503, 'Service Unavailable'],
    ['599 Odd', 599, 'Error'],
    ['200 OK', 502, 'Bad Gateway'],
    ['302 Found\r\nLocation: /login', 502, 'Bad Gateway'],
    ['101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade', 502, 'Bad Gateway'],
  ])('is sent to the client: %s', async (head, status, error) => {
    const own = await behind((_request, socket) => {
      socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 6\r\n\r\nsecret`);
    });
    const response = await tryClient(own.public, '/ws/chat/', as(newCookie(staff)));
    if (!('status' in response)) throw new Error('It was let in');
    expect(response.status).toBe(status);
    expect(JSON.parse(response.text)).toMatchObject({ error });
    expect(response.text).not.toContain('secret');
    if (head.includes('Retry')) expect(response.headers['retry-after']).toBe('17');
    const id = response.headers['x-decision-id'];
    // An outage is in the log, because it is not a decision.
    if (status >= 500) expect(id).toBeUndefined();
    else {
      expect(await recordOf(id, own)).toEqual([
        {
          action: 'subscribe',
          outcome: 'refusal',
          code: 'upstream-refused',
          failed_check: `upstream server accepts the WebSocket: status ${status}`,
          principal_id: staff.user_id,
        },
      ]);
    }
  });

  it('is counted and not written in a flood of refusals', async () => {
    const own = await behind(
      (_request, socket) => {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      },
      { RATE_LIMIT_FAILURES: '2' },
    );
    const statuses: unknown[] = [];
    for (let i = 0; i < 4; i += 1) {
      const response = await tryClient(own.public, '/ws/chat/', as(newCookie(staff)));
      statuses.push('status' in response && response.status);
    }
    expect(statuses).toEqual([403, 403, 429, 429]);
    const { rows } = await withClient(own.database, (admin) =>
      admin.query("SELECT count(*)::int FROM audit_log WHERE code = 'upstream-refused'"),
    );
    expect(rows).toEqual([{ count: 2 }]);
  });

  it('is replaced by 502 if it is not HTTP, and by 503 if there is none', async () => {
    const own = await behind((_request, socket) => {
      socket.end('SSH-2.0-test\r\n');
    });
    const attempt = () => tryClient(own.public, '/ws/chat/', as(newCookie(staff)));
    expect(await attempt()).toMatchObject({ status: 502 });
    await new Promise((resolve) => site?.close(resolve));
    expect(await attempt()).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
  });

  it('is replaced by 503 if it does not arrive within ten seconds', async () => {
    const events = new EventEmitter();
    const arrival = once(events, 'arrival');
    const own = await behind(() => events.emit('arrival'));
    const response = tryClient(own.public, '/ws/chat/', as(newCookie(staff)));
    await arrival;
    own.clock.advance(10_000);
    expect(await response).toMatchObject({ status: 503 });
  });

  it.each<readonly [string, (socket: RawSocket) => void]>([
    [
      'half-closes its connection',
      (socket) => {
        socket.end('');
      },
    ],
    [
      'disconnects',
      (socket) => {
        socket.destroy();
      },
    ],
  ])('is no longer awaited if the client %s', async (_how, leave) => {
    const events = new EventEmitter();
    const [arrival, departure] = [once(events, 'arrival'), once(events, 'departure')];
    const own = await behind((_request, socket) => {
      socket.on('close', () => events.emit('departure'));
      events.emit('arrival');
    });
    const socket = await openSocket(own.public);
    socket.write(handshake('/ws/chat/', newCookie(staff)));
    await arrival;
    leave(socket);
    await departure;
    await socket.closed;
    expect(socket.received()).not.toContain(' 101 ');
  });
});

describe('the subprotocols of a client', () => {
  const offered = ['v3.chat', 'v2.chat', 'v1.chat'];
  const behind = async (choose: (protocols: Set<string>) => string | false) => {
    const site = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: choose });
    await once(site, 'listening');
    const { port } = site.address() as AddressInfo;
    const own = await startUsher({
      ...environment(),
      SESSION_WS_UPSTREAM: `ws://127.0.0.1:${port}/`,
    });
    onTestFinished(async () => {
      await own.stop();
      site.close();
    });
    return own;
  };

  it('all reach the application, and its choice reaches the client', async () => {
    let received: readonly string[] = [];
    const own = await behind((protocols) => {
      received = [...protocols];
      return 'v2.chat';
    });
    const settings = { ...as(newCookie(staff)), protocols: offered };
    const client = await openClient(own.public, '/ws/chat/', settings);
    expect(received).toEqual(offered);
    expect(client.socket.protocol).toBe('v2.chat');
    client.socket.terminate();
  });

  it('are not confirmed if the application selected none', async () => {
    const own = await behind(() => false);
    const socket = await openSocket(own.public);
    socket.write(
      handshake('/ws/chat/', newCookie(staff)).replace(
        'Origin:',
        'Sec-WebSocket-Protocol: v3.chat, v2.chat\r\nOrigin:',
      ),
    );
    await socket.until('\r\n\r\n');
    expect(socket.received()).toMatch(/^HTTP\/1\.1 101 /);
    expect(socket.received()).not.toMatch(/sec-websocket-protocol/i);
    socket.destroy();
  });

  it('end the handshake with 502 if the application selected one that was not offered', async () => {
    const own = await behind(() => 'v9.chat');
    const settings = { ...as(newCookie(staff)), protocols: offered };
    expect(await tryClient(own.public, '/ws/chat/', settings)).toMatchObject({ status: 502 });
  });
});

describe('a connected visitor is disconnected', () => {
  it('when the session ends', async () => {
    const end = new Date(testNow + 25_000).toISOString();
    const { client, server } = await enter('/ws/chat/', newCookie({ ...staff, expires_at: end }));
    usher.clock.advance(24_999);
    await settle(client);
    usher.clock.advance(1);
    expect((await client.closed).code).toBe(4001);
    expect((await server.closed).code).toBe(4001);
  });

  it('when the application no longer accepts the cookie', async () => {
    const cookie = newCookie(staff);
    const { client, server } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, 401);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4001);
    expect((await server.closed).code).toBe(4001);
  });

  it.each([
    ['loses a right', { user_id: '7', is_staff: false }],
    ['changes to another user', { user_id: '9', is_staff: true }],
  ])('who %s', async (_what, now) => {
    const cookie = newCookie(staff);
    const { client } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, now);
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
  });

  it('with the reason in the audit log, if the session changes to another user', async () => {
    const cookie = newCookie(staff);
    const { client, server } = await enter('/ws/chat/', cookie);
    visitors.set(cookie, { user_id: '9', is_staff: true });
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
    expect(await lastRecordOf(server, usher)).toEqual({
      outcome: 'refusal',
      code: 'not-allowed',
      failed_check: 'session has the same principal',
    });
  });

  it('if the owner of the order changes', async () => {
    const order = {
      path: '/resources/orders/O-9',
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
    };
    await send(usher.operator, { ...order, body: '{"owner_id":"15"}' });
    const { client } = await enter('/ws/payment-socket/O-9/', newCookie(owner));
    await send(usher.operator, { ...order, body: '{"owner_id":"16"}' });
    usher.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
  });

  it('immediately after a revocation', async () => {
    const { client } = await enter('/ws/chat/', newCookie({ user_id: '77', is_staff: true }));
    const response = await send(usher.operator, {
      path: '/revocations',
      headers: { 'content-type': 'application/json' },
      body: '{"user_id":"77"}',
    });
    expect(response.text).toContain('{"effect":"websockets-closed","connections":1}');
    expect((await client.closed).code).toBe(4003);
  });

  it('after three revalidations without a response of the application', async () => {
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

describe('a reload of the policy', () => {
  const door = (channel: string, env: string) =>
    `  /ws/live/: { channel: ${channel}, upstream: { env: ${env} } }\n`;
  const policy = (doors: string) => `version: 1
channels:
  private-live:
    about: staff
    allow: { visitor: { visitor is staff: visitor.is_staff } }
  private-backstage:
    about: superusers
    allow: { visitor: { visitor is superuser: visitor.is_superuser } }
doors:
  /ws/other/: { channel: private-live, upstream: { env: SESSION_WS_UPSTREAM } }
${doors}`;
  const live = door('private-live', 'SESSION_WS_UPSTREAM');

  const withPolicy = async (settings: Record<string, string> = {}) => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-doors-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const change = (doors: string) => writeFile(join(directory, 'policy.yaml'), policy(doors));
    await change(live);
    const own = await startUsher({ ...environment(), POLICY: directory, ...settings });
    onTestFinished(() => own.stop());
    const reload = async (doors: string) => {
      await change(doors);
      const response = await send(own.operator, { path: '/policy/reload' });
      expect(response).toMatchObject({ status: 200, body: { outcome: 'changed' } });
    };
    const client = await openClient(own.public, '/ws/live/', as(newCookie(staff)));
    const server = await upstream.next();
    await settle(server);
    return { own, change, reload, client, server };
  };

  it.each([
    ['no longer has its path', '', 'policy has the path'],
    [
      'has another channel for its path',
      door('private-backstage', 'SESSION_WS_UPSTREAM'),
      'visitor is superuser',
    ],
  ])('closes connections if the policy %s', async (_which, doors, failed_check) => {
    const { own, reload, client, server } = await withPolicy();
    await reload(doors);
    own.clock.advance(15_000);
    expect((await client.closed).code).toBe(4003);
    expect(await lastRecordOf(server, own)).toEqual({
      outcome: 'refusal',
      code: 'not-allowed',
      failed_check,
    });
  });

  it('connects new visitors to another server, if the policy names another variable', async () => {
    const other = await startUpstream();
    onTestFinished(other.stop);
    const { own, reload } = await withPolicy({ LIVE_UPSTREAM: other.url });
    await reload(door('private-live', 'LIVE_UPSTREAM'));
    await openClient(own.public, '/ws/live/', as(newCookie(staff)));
    expect((await other.next()).path).toBe('/ws/live/');
  });

  it('keeps the last policy, if the policy names a variable without the address of a WebSocket server', async () => {
    const { own, change } = await withPolicy({ SITE: 'https://site.example' });
    await change(door('private-live', 'SITE'));
    expect(await send(own.operator, { path: '/policy/reload' })).toMatchObject({
      status: 422,
      body: {
        outcome: 'failed',
        problems: [expect.stringMatching(/policy\.yaml:11: the door \/ws\/live\/: SITE must be /)],
      },
    });
    await openClient(own.public, '/ws/live/', as(newCookie(staff)));
    expect((await upstream.next()).path).toBe('/host/ws/live/');
  });
});

describe('a connected visitor stays connected', () => {
  it('if the application renewed the session after the last revalidation', async () => {
    const cookie = newCookie(staff);
    const end = (after: number) =>
      visitors.set(cookie, { ...staff, expires_at: new Date(testNow + after).toISOString() });
    end(18_000);
    const { client, server } = await enter('/ws/chat/', cookie);
    await look(client);
    end(60_000);
    usher.clock.advance(3_000);
    await settle(client);
    await settle(client);
    client.socket.send('still here');
    expect(await server.next()).toBe('still here');
    client.socket.close();
    await client.closed;
  });

  it('while the application extends the session, and only a change is recorded', async () => {
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

/** The row of this decision. */
async function lastRecordOf(
  { headers }: UpstreamSocket,
  { database }: Pick<TestUsher, 'database'>,
): Promise<unknown> {
  const { rows } = await withClient(database, (admin) =>
    admin.query(
      'SELECT outcome, code, failed_check FROM audit_log WHERE socket_id = $1 ORDER BY at DESC, outcome DESC LIMIT 1',
      [headers['x-usher-session-id']],
    ),
  );
  return rows[0];
}

async function recordOf(id: unknown, at: Pick<TestUsher, 'database'> = usher): Promise<unknown[]> {
  const { rows } = await withClient(at.database, (admin) =>
    admin.query<object>(
      'SELECT action, outcome, code, failed_check, principal_id FROM audit_log WHERE decision_id = $1',
      [id],
    ),
  );
  return rows;
}

async function listening(server: Server): Promise<AddressInfo> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/** A handshake with exactly this address, which a WebSocket client would normalize. */
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
