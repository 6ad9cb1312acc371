import { afterAll, describe, expect, it } from 'vitest';
import { send, socketId } from '../http/requests.ts';
import { allowedOrigin, userToken, useUsher } from '../support/usher.ts';
import { openClient, startUpstream, tryClient } from '../support/web-socket.ts';
import {
  json,
  plain,
  usePolicyFile,
  useScriptedApplication,
  type Respond,
} from './scripted-application.ts';

const host = await useScriptedApplication();
const policy = await usePolicyFile(`
sources:
  host: { url: { env: HOST_URL }, token: { env: HOST_TOKEN } }
channels:
  private-orders.{order}:
    ask: { laravel: { source: host, path: /broadcasting/auth, forward: [cookie, authorization, x-csrf-token] } }
  presence-room.{room}:
    ask: { laravel: { source: host, forward: [{ cookie: [session, remember_*] }] } }
  private-known.{order}:
    ask: { laravel: { source: host, path: /old/auth, forward: [cookie] } }
    allow: { user: { the order is not 9: "params.order != '9'" } }
  private-tenant.{tenant}:
    tenant: tenant
    ask: { laravel: { source: host, forward: [cookie] } }
  private-pdp.{thing}:
    params: { thing: id }
    ask: { authzen: { source: host } }
doors:
  /ws/orders/{order}/: { channel: 'private-orders.{order}', upstream: { env: ORDERS_WS } }
`);
const upstream = await startUpstream();
afterAll(upstream.stop);
const usher = useUsher({
  POLICY: policy,
  HOST_URL: `${host.url}/app`,
  HOST_TOKEN: 'host-token',
  ORDERS_WS: upstream.url,
});

const requestChannel = (channel: string, headers: Readonly<Record<string, string>> = {}) =>
  send(usher.public, {
    path: '/broadcasting/auth',
    headers,
    body: new URLSearchParams({ socket_id: socketId, channel_name: channel }),
  });
const yes = json({ auth: 'old-key:old-signature' });
const cookie = { cookie: 'session=abc; other=1' };

describe('an application that decides about a channel', () => {
  it('decides about a visitor whose credential only it can read', async () => {
    host.respondWith = yes;
    const granted = await requestChannel('private-orders.7', {
      ...cookie,
      'x-csrf-token': 'csrf',
      'x-other': '1',
    });
    expect(granted.status).toBe(200);
    // Usher signs, with its own key.
    expect(granted.text).toContain('test-key:');
    expect(granted.text).not.toContain('old');
    const [{ method, path, headers, body }] = host.requests as [(typeof host.requests)[0]];
    expect([method, path]).toEqual(['POST', '/app/broadcasting/auth']);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      socket_id: socketId,
      channel_name: 'private-orders.7',
    });
    expect(headers).toMatchObject({ cookie: 'session=abc; other=1', 'x-csrf-token': 'csrf' });
    expect(headers['x-other']).toBeUndefined();
    // Nor the token of the source: the endpoint would decide about Usher.
    expect(headers.authorization).toBeUndefined();
  });

  it('decides about a Sanctum token if Usher does not read these', async () => {
    host.respondWith = yes;
    const sanctum = { authorization: 'Bearer 12|mHy3x2Tg0cXbVq8sR5kLw9nZd7jPfA4uE6oYtQ1b2f3c4d5e' };
    expect((await requestChannel('private-orders.7', sanctum)).status).toBe(200);
    expect(host.requests[0]?.headers.authorization).toBe(sanctum.authorization);
    // Its pattern does not forward the header.
    expect((await requestChannel('presence-room.1', sanctum)).status).toBe(401);
  });

  it.each([401, 403, 404])('refuses with %i, and the audit log has the reason', async (status) => {
    host.respondWith = plain(status);
    const refused = await requestChannel('private-orders.7', cookie);
    expect(refused.status).toBe(403);
    expect(host.requests).toHaveLength(1);
    const id = refused.headers.get('x-decision-id') ?? '';
    const { body } = await send(usher.operator, { method: 'GET', path: `/decisions/${id}` });
    const { failed_check, checks } = body as { failed_check: string; checks: readonly object[] };
    expect([failed_check, ...checks.slice(-2)]).toEqual([
      'the application grants the request',
      { name: `the application responded with status ${status}`, passed: true },
      { name: 'the application grants the request', passed: false },
    ]);
  });

  const unclear: Readonly<Record<string, Respond>> = {
    'a page': plain(200, '<html>Log in</html>', { 'content-type': 'text/html' }),
    'no content': plain(204),
    'a redirect to the login page': plain(302, '', { location: '/login' }),
    'an expired page': plain(419, '{"message":"CSRF token mismatch."}'),
    'an error': plain(500),
    'a list': json([{ auth: 'a:b' }]),
    'an object without auth': json({ ok: true }),
    'an empty auth': json({ auth: '' }),
    true: json(true),
    'too many requests': plain(429),
    'more than 64 KB': json({ auth: 'a:b', more: 'x'.repeat(70_000) }),
    'a broken connection': (response) => response.destroy(),
  };
  it.each(Object.entries(unclear))('responds 503: %s', async (_name, respondWith) => {
    host.respondWith = respondWith;
    const { status, headers } = await requestChannel('private-orders.7', cookie);
    expect([status, headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  });

  it('receives named cookies only, and may return the member', async () => {
    const data = { user_id: 15, user_info: { name: 'Ada', tags: ['a'], nested: { deep: 1 } } };
    host.respondWith = json({ auth: 'k:s', channel_data: JSON.stringify(data) });
    const { status, body } = await requestChannel('presence-room.1', {
      cookie: 'session=abc; other=1; remember_web_5=xyz; xsession=no',
    });
    expect(status).toBe(200);
    expect(host.requests[0]!.headers.cookie).toBe('session=abc; remember_web_5=xyz');
    const { channel_data } = body as { readonly channel_data: string };
    expect(JSON.parse(channel_data)).toEqual(data);
  });

  it.each([
    ['no channel_data', {}, 503],
    ['no JSON', { channel_data: '{user_id' }, 503],
    ['a list', { channel_data: '[]' }, 503],
    ['no user_id', { channel_data: '{"user_info":{}}' }, 503],
    [
      'a user_id that is not a safe integer',
      { channel_data: '{"user_id":90071992547409931}' },
      503,
    ],
    ['an object as user_id', { channel_data: '{"user_id":{}}' }, 503],
    ['an empty user_id', { channel_data: '{"user_id":""}' }, 403],
    [
      'a large member',
      { channel_data: JSON.stringify({ user_id: '1', user_info: 'x'.repeat(1100) }) },
      403,
    ],
  ])('does not grant a presence channel with %s', async (_name, extra, expected) => {
    host.respondWith = json({ auth: 'k:s', ...extra });
    expect((await requestChannel('presence-room.1', { cookie: 'session=abc' })).status).toBe(
      expected,
    );
  });

  it('gets no request without a credential', async () => {
    host.respondWith = yes;
    expect((await requestChannel('private-orders.7')).status).toBe(401);
    expect((await requestChannel('presence-room.1', { cookie: 'other=1' })).status).toBe(401);
    expect(host.requests).toHaveLength(0);
  });

  it('gets no request with a credential that Usher refuses', async () => {
    host.respondWith = yes;
    const forged = { authorization: `Bearer ${userToken()}x` };
    expect((await requestChannel('private-orders.7', { ...cookie, ...forged })).status).toBe(401);
    expect(host.requests).toHaveLength(0);
  });

  it('decides after the rules, and after the checks of kinds and tenants', async () => {
    host.respondWith = yes;
    const user = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
    expect((await requestChannel('private-known.9', { ...user, ...cookie })).status).toBe(403);
    expect((await requestChannel('private-known.8', cookie)).status).toBe(401);
    expect((await requestChannel('private-tenant.2', { ...user, ...cookie })).status).toBe(403);
    expect((await requestChannel('private-tenant.1', cookie)).status).toBe(403);
    expect(host.requests).toHaveLength(0);
    expect((await requestChannel('private-known.8', { ...user, ...cookie })).status).toBe(200);
    expect((await requestChannel('private-tenant.1', { ...user, ...cookie })).status).toBe(200);
    host.respondWith = plain(403);
    expect((await requestChannel('private-known.8', { ...user, ...cookie })).status).toBe(403);
    expect(host.requests.map(({ path }) => path)).toEqual([
      '/app/old/auth',
      '/app/broadcasting/auth',
      '/app/old/auth',
    ]);
  });

  it('does not receive the cookies of a page of another origin', async () => {
    host.respondWith = yes;
    const from = (origin: string, site: string) =>
      requestChannel('private-orders.7', { ...cookie, origin, 'sec-fetch-site': site });
    expect((await from('https://evil.example', 'cross-site')).status).toBe(403);
    expect(host.requests).toHaveLength(0);
    expect((await from(allowedOrigin, 'same-site')).status).toBe(200);
    expect((await from('https://usher.example', 'same-origin')).status).toBe(200);
  });

  it('does not receive these cookies together with a token, because they may belong to different users', async () => {
    host.respondWith = yes;
    const both = { ...cookie, authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
    const from = (origin: string) => requestChannel('private-orders.7', { ...both, origin });
    expect((await from('https://evil.example')).status).toBe(200);
    expect((await from(allowedOrigin)).status).toBe(200);
    const [foreign, own] = host.requests.map(({ headers }) => headers);
    expect(foreign?.cookie).toBeUndefined();
    expect(own?.cookie).toBe(cookie.cookie);
    expect([foreign, own].map((each) => each?.authorization)).toEqual([
      both.authorization,
      both.authorization,
    ]);
  });

  it('decides about a WebSocket of a visitor whose session Usher does not read', async () => {
    const headers = { ...cookie, origin: allowedOrigin };
    host.respondWith = plain(403);
    expect(await tryClient(usher.public, '/ws/orders/7/', { headers })).toMatchObject({
      status: 403,
    });
    host.respondWith = yes;
    const { socket } = await openClient(usher.public, '/ws/orders/7/', { headers });
    socket.terminate();
    const server = await upstream.next();
    // Its id is a hash of the credential, and the server behind the path has no credential to read.
    expect(server.headers['x-usher-user-id']).toMatch(/^[\w-]{22}$/);
    expect(server.headers.cookie).toBeUndefined();
    expect(host.requests.map(({ headers: { cookie: passed } }) => passed)).toEqual([
      cookie.cookie,
      cookie.cookie,
    ]);
  });

  it('gets no request about a revoked user', async () => {
    const data = JSON.stringify({ user_id: '77' });
    host.respondWith = json({ auth: 'k:s', channel_data: data });
    const room = () => requestChannel('presence-room.1', { cookie: 'session=of-77' });
    expect((await room()).status).toBe(200);
    const revoked = await send(usher.operator, {
      path: '/revocations',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: '77' }),
    });
    expect(revoked.status).toBeLessThan(300);
    expect((await room()).status).toBe(401);
  });

  it('gets a request for each channel of a batch', async () => {
    host.respondWith = (response, request) => {
      (request.body.includes('orders.7') ? yes : plain(403))(response, request);
    };
    const { body } = await send(usher.public, {
      path: '/pusher/auth/batch',
      headers: { ...cookie, 'content-type': 'application/json' },
      body: JSON.stringify({
        socket_id: socketId,
        channel_name: ['private-orders.7', 'private-orders.8'],
      }),
    });
    const entries = body as Readonly<Record<string, { readonly status: number }>>;
    expect(Object.entries(entries).map(([name, { status }]) => [name, status])).toEqual([
      ['private-orders.7', 200],
      ['private-orders.8', 403],
    ]);
  });

  it('gets one request for identical concurrent ones', async () => {
    const held: (() => void)[] = [];
    host.respondWith = (response, request) =>
      held.push(() => {
        yes(response, request);
      });
    const requests = Array.from({ length: 20 }, () => requestChannel('private-orders.7', cookie));
    await expect.poll(() => held.length).toBeGreaterThan(0);
    const release = setInterval(() => {
      held.splice(0).forEach((each) => {
        each();
      });
    }, 50);
    const statuses = (await Promise.all(requests)).map(({ status }) => status);
    clearInterval(release);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(host.requests.length).toBeLessThan(20);
  });
});

describe('a decision point', () => {
  const user = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };

  it('gets a request of AuthZEN, and grants only with true', async () => {
    host.respondWith = json({ decision: true });
    expect((await requestChannel('private-pdp.7', { ...user, ...cookie })).status).toBe(200);
    const [{ path, headers, body }] = host.requests as [(typeof host.requests)[0]];
    expect(path).toBe('/app/access/v1/evaluation');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer host-token',
    });
    expect(headers.cookie).toBeUndefined();
    expect(JSON.parse(body)).toMatchObject({
      subject: { type: 'user', id: '15' },
      action: { name: 'subscribe' },
      resource: { type: 'channel', id: 'private-pdp.7' },
    });
    host.respondWith = json({ decision: false });
    expect((await requestChannel('private-pdp.7', user)).status).toBe(403);
  });

  it.each([
    ['the text true', json({ decision: 'true' })],
    ['no decision', json({})],
    ['a list', json([true])],
    ['401, which is an error of the configuration', plain(401)],
    ['403', plain(403)],
    ['201', json({ decision: true }, 201)],
  ])('responds 503: %s', async (_name, respondWith) => {
    host.respondWith = respondWith;
    expect((await requestChannel('private-pdp.7', user)).status).toBe(503);
  });

  it('gets a separate request for each credential of a user', async () => {
    const held: (() => void)[] = [];
    host.respondWith = (response, request) => {
      const { subject } = JSON.parse(request.body) as {
        readonly subject: { readonly properties: { readonly roles: readonly string[] } };
      };
      const decision = subject.properties.roles.includes('admin');
      held.push(() => {
        json({ decision })(response, request);
      });
    };
    const pending = [['admin'], []].map((roles) =>
      requestChannel('private-pdp.7', { ...user, authorization: `Bearer ${userToken({ roles })}` }),
    );
    // The request with the other roles arrives while the first one is open.
    await expect.poll(() => held.length).toBe(2);
    held.forEach((respondWith) => {
      respondWith();
    });
    const responses = await Promise.all(pending);
    expect(responses.map(({ status }) => status)).toEqual([200, 403]);
  });

  it('gets no request about a visitor whom Usher cannot authenticate', async () => {
    host.respondWith = json({ decision: true });
    expect((await requestChannel('private-pdp.7', cookie)).status).toBe(401);
    expect(host.requests).toHaveLength(0);
  });
});
