import { createServer, METHODS, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { speak } from '../raw-socket.ts';
import { send, type Texts } from '../requests.ts';
import { allowedOrigin, startUsher, userToken, type TestUsher } from '../../support/usher.ts';

let host: Server;
let usher: TestUsher;

beforeAll(async () => {
  const visitors: Readonly<Record<string, object>> = {
    'sid=staff': { user_id: '7', is_staff: true },
    'sid=owner': { user_id: '15' },
    'sid=umlaut': { user_id: 'Jörg\u{1F600}, 1', is_staff: true },
  };
  host = createServer((request, response) => {
    const visitor = visitors[request.headers.cookie ?? ''];
    response.writeHead(visitor === undefined ? 401 : 200).end(JSON.stringify(visitor ?? {}));
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  usher = await startUsher({
    SESSION_MODE: 'introspect',
    SESSION_INTROSPECTION_URL: `http://127.0.0.1:${(host.address() as AddressInfo).port}/`,
    SESSION_COOKIE_NAME: 'sid',
  });
  await send(usher.operator, {
    method: 'PUT',
    path: '/resources/orders/O-7',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ owner_id: '15' }),
  });
});

afterAll(async () => {
  await usher.stop();
  host.closeAllConnections();
  await new Promise((resolve) => host.close(resolve));
});

const speakTo = (text: string) => speak(usher.public, text);
const authorize = (headers: Texts = {}, path = '/forward-auth', method = 'GET') =>
  send(usher.public, { method, path, headers });
const as = (who: string): Texts => ({ cookie: `sid=${who}`, origin: allowedOrigin });
const bearer = (changes = {}): Texts => ({
  authorization: `Bearer ${userToken(changes)}`,
  'x-tenant-id': '1',
});
const uri = (value: string): Texts => ({ 'x-original-uri': value });
const ownChannel = '/forward-auth?channel=private-tenant.1.user.15';

/** The row of the response's decision. */
async function decisionOf(headers: Headers): Promise<Readonly<Record<string, unknown>>> {
  const path = `/decisions/${headers.get('x-decision-id') ?? ''}`;
  const { status, body } = await send(usher.operator, { method: 'GET', path });
  expect(status).toBe(200);
  return body as Readonly<Record<string, unknown>>;
}

/** A 403 whose reason is in the body and in the row. */
async function expectRefused(response: Awaited<ReturnType<typeof authorize>>, message: string) {
  expect([response.status, response.body]).toMatchObject([403, { message }]);
  const { outcome, failed_check: check } = await decisionOf(response.headers);
  expect([outcome, check]).toEqual(['refusal', `request can be parsed: ${message}`]);
}

describe('forward-auth of a channel', () => {
  it('grants without a body, and returns the principal and the decision', async () => {
    const { status, headers, text } = await authorize(
      bearer({ roles: ['a b', 'c,d'] }),
      ownChannel,
    );
    expect([status, text]).toEqual([204, '']);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-usher-user': '15',
      'x-usher-kind': 'user',
      'x-usher-tenant-id': '1',
      'x-usher-roles': 'a%20b,c%2Cd',
      'x-usher-decision-id': headers.get('x-decision-id'),
    });
    expect(await decisionOf(headers)).toMatchObject({
      outcome: 'grant',
      action: 'subscribe',
      channel: 'private-tenant.1.user.15',
      principal: { kind: 'user', id: '15' },
    });
  });

  it('refuses another channel, no credential and two credentials, never with 400', async () => {
    const other = '/forward-auth?channel=private-tenant.1.user.16';
    expect((await authorize(bearer(), other)).status).toBe(403);
    expect((await authorize({}, ownChannel)).status).toBe(401);
    expect((await authorize({ ...bearer(), authorization: 'Bearer x' }, ownChannel)).status).toBe(
      401,
    );
    const two = { ...bearer(), 'x-guest-session': 'another' };
    expect((await authorize(two, ownChannel)).status).toBe(403);
    expect((await authorize(bearer(), '/forward-auth?channel=news')).status).toBe(403);
    expect((await authorize(bearer(), '/forward-auth?channel=private-unheard-of')).status).toBe(
      403,
    );
  });

  it('percent-encodes an id that no header can contain', async () => {
    const { status, headers } = await authorize(
      as('umlaut'),
      '/forward-auth?channel=private-chat-box',
    );
    expect(status).toBe(204);
    const value = headers.get('x-usher-user') ?? '';
    expect(value).toMatch(/^[!-~]+$/);
    expect(decodeURIComponent(value)).toBe('Jörg\u{1F600}, 1');
  });

  it('sends an empty header for each property that the principal does not have', async () => {
    const { headers } = await authorize(as('owner'), '/forward-auth?channel=private-payment-O-7');
    expect([headers.get('x-usher-tenant-id'), headers.get('x-usher-roles')]).toEqual(['', '']);
  });

  it('applies the rules of session cookies: the page must be allowed', async () => {
    const path = '/forward-auth?channel=private-chat-box';
    expect((await authorize(as('staff'), path)).status).toBe(204);
    const foreign = { ...as('staff'), origin: 'https://evil.example' };
    expect((await authorize(foreign, path)).status).toBe(403);
    expect((await authorize({ cookie: 'sid=staff' }, path)).status).toBe(403);
    expect((await authorize(as('nobody'), path)).status).toBe(401);
  });

  // A server of Node has no request for CONNECT.
  it.each(METHODS.filter((method) => method !== 'CONNECT'))(
    'has the same response to %s',
    async (method) => {
      const statusOf = async (path: string, headers = '') => {
        const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}`;
        return (await speakTo(`${head}\r\n`)).slice(9, 12);
      };
      const credentials = Object.entries(bearer()).map(([name, value]) => `${name}: ${value}\r\n`);
      const body = `${credentials.join('')}Content-Type: text/xml\r\nContent-Length: 9\r\n`;
      expect(await statusOf(ownChannel)).toBe('401');
      expect(await statusOf(ownChannel, credentials.join(''))).toBe('204');
      expect(await statusOf(ownChannel, body)).toBe('204');
      expect(await statusOf('/forward-auth/ws/chat/')).toBe('401');
    },
  );

  it('does not respond to a preflight of the client, which would count as a grant', async () => {
    const head =
      `OPTIONS ${ownChannel} HTTP/1.1\r\nHost: x\r\nOrigin: ${allowedOrigin}\r\n` +
      'Access-Control-Request-Method: GET\r\nConnection: close\r\n\r\n';
    expect(await speakTo(head)).toMatch(/^HTTP\/1.1 401 /);
  });
});

describe('forward-auth of a WebSocket path', () => {
  it.each(['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri'])('reads %s', async (name) => {
    const grant = await authorize({ ...as('staff'), [name]: '/ws/chat/?x=1' });
    expect(grant.status).toBe(204);
    expect(await decisionOf(grant.headers)).toMatchObject({ channel: 'private-chat-box' });
    expect((await authorize({ ...as('owner'), [name]: '/ws/chat/' })).status).toBe(403);
  });

  it('is decided only by the path, in any form', async () => {
    for (const [value, status] of [
      ['/ws/payment-socket/O-7/', 204],
      ['/ws/payment-socket/O-7', 204],
      ['/ws/payment-socket/%4F-7?x=/../', 204],
      ['https://app.example/ws/payment-socket/O-7/', 204],
      ['wss://app.example:8443/ws/payment-socket/O-7/', 204],
      ['/ws/payment-socket/O-8/', 403],
    ] as const) {
      const response = await authorize({ ...as('owner'), ...uri(value) });
      expect([value, response.status]).toEqual([value, status]);
    }
  });

  it('is refused for a path that is not in the policy', async () => {
    for (const value of [
      '/ws/unknown/',
      '/ws/payment-socket/',
      '/ws/payment-socket/O-7/more',
      '/ws/payment-socket/x/../O-7/',
      '/ws/chat/../payment-socket/O-7/',
      '/ws/payment-socket/O-7/%2e%2e/O-7/',
      '/ws/payment-socket%2FO-7/',
      '/ws/payment-socket/O-7%2F/',
      '/ws/payment-socket/%zz/',
      '/WS/payment-socket/O-7/',
      '/',
      // A server may read the first segment as a host, or an empty one as a parameter.
      '//ws/payment-socket/O-7/',
      '/ws//payment-socket/O-7/',
      '/ws/payment-socket/O-7//',
      '//',
    ]) {
      await expectRefused(
        await authorize({ ...as('owner'), ...uri(value) }),
        'The path of the original request is not a WebSocket path of the policy',
      );
    }
  });

  it('is refused if it is not a valid request URI', async () => {
    for (const value of [
      'ws/chat/',
      '/ws/chat/#/',
      '/ws/ch at/',
      '/ws/ch\u00e4t/',
      'x:/ws/chat/',
      '*',
    ]) {
      await expectRefused(
        await authorize({ ...as('staff'), ...uri(value) }),
        'The URI of the original request is malformed',
      );
    }
  });

  it('is read from the path after its own, which Envoy appends, with the query of the client', async () => {
    const path = '/forward-auth/ws/chat/?channel=private-payment-O-7';
    expect((await authorize(as('staff'), path)).status).toBe(204);
    expect((await authorize(as('owner'), path)).status).toBe(403);
    expect((await authorize(as('owner'), '/forward-auth/ws/payment-socket/O-7/')).status).toBe(204);
    const message = 'The path of the original request is not a WebSocket path of the policy';
    await expectRefused(
      await authorize(as('owner'), '/forward-auth/?channel=private-payment-O-7'),
      message,
    );
    await expectRefused(
      await authorize(as('owner'), '/forward-auth/ws%2Fpayment-socket/O-7'),
      message,
    );
  });
});

describe('an unsupported request of a proxy', () => {
  it('with neither a channel nor a URI is refused', async () => {
    for (const path of ['/forward-auth', '/forward-auth?channel=']) {
      await expectRefused(
        await authorize(as('staff'), path),
        'channel or X-Original-URI is required',
      );
    }
  });

  it('with different URIs is refused, because the client may have sent one of them', async () => {
    const message = 'The headers with the URI of the original request differ';
    const chat = uri('/ws/chat/');
    for (const other of ['/ws/payment-socket/O-7/', '/live/']) {
      const [a, b] = [{ ...chat, 'x-forwarded-uri': other }, { 'x-original-url': other }];
      await expectRefused(await authorize({ ...as('staff'), ...a }), message);
      await expectRefused(
        await authorize({ ...as('staff'), ...b }, '/forward-auth/ws/chat/'),
        message,
      );
    }
    const same = { ...chat, 'x-forwarded-uri': '/ws/chat?again' };
    expect((await authorize({ ...as('staff'), ...same })).status).toBe(204);
  });

  it('with a channel and the URI of another one is refused', async () => {
    await expectRefused(
      await authorize(
        { ...as('staff'), ...uri('/ws/chat/') },
        '/forward-auth?channel=private-payment-O-7',
      ),
      'channel and the URI of the original request are different channels',
    );
    const both = '/forward-auth?channel=private-chat-box';
    expect((await authorize({ ...as('staff'), ...uri('/ws/chat/') }, both)).status).toBe(204);
    // The proxy names the channel of a path that the policy does not have.
    expect((await authorize({ ...as('staff'), ...uri('/live/') }, both)).status).toBe(204);
  });

  it('with the query of the client is decided by the path', async () => {
    const query = '?channel=private-chat-box';
    const path = `/forward-auth${query}`;
    const onPayment = uri(`/ws/payment-socket/O-7/${query}`);
    expect((await authorize({ ...as('owner'), ...onPayment }, path)).status).toBe(204);
    expect((await authorize({ ...as('staff'), ...onPayment }, path)).status).toBe(403);
  });

  it('with the query of the client and a path that is not in the policy is refused', async () => {
    for (const query of ['?channel=private-chat-box', '?x=1&%63hannel=private-chat-box']) {
      await expectRefused(
        await authorize(
          { ...as('staff'), ...uri(`/ws/unknown/${query}`) },
          `/forward-auth${query}`,
        ),
        'The path of the original request is not a WebSocket path of the policy',
      );
    }
  });

  it('may have any query of the client with a path of the policy', async () => {
    for (const query of ['?channel=1&channel=2', `?channel=${'x'.repeat(300)}`, '?channel=']) {
      const response = await authorize(
        { ...as('staff'), ...uri(`/ws/chat/${query}`) },
        `/forward-auth${query}`,
      );
      expect([query, response.status]).toEqual([query, 204]);
    }
  });

  it('with a repeated channel or header is refused', async () => {
    await expectRefused(
      await authorize(as('staff'), '/forward-auth?channel=private-chat-box&channel=private-a'),
      'channel is repeated',
    );
    const twice = 'X-Original-URI: /ws/chat/\r\n'.repeat(2);
    const head = `GET /forward-auth HTTP/1.1\r\nHost: x\r\n${twice}Connection: close\r\n\r\n`;
    expect(await speakTo(head)).toMatch(/^HTTP\/1.1 403 [^]*X-Original-URI is repeated/);
    await expectRefused(
      await authorize(
        { ...as('staff'), cookie: 'sid="' },
        '/forward-auth?channel=private-chat-box',
      ),
      'The session cookie is malformed',
    );
  });

  it('is not affected by a forged identity or path: its own credential decides', async () => {
    const forged = { 'x-usher-user': '7', 'x-usher-roles': 'staff', ...uri('/ws/chat/') };
    expect((await authorize(forged)).status).toBe(401);
    expect((await authorize({ ...as('owner'), ...forged })).status).toBe(403);
    const { headers } = await authorize({ ...as('staff'), ...forged, 'x-usher-user': '15' });
    expect(headers.get('x-usher-user')).toBe('7');
  });
});

describe('requests of proxies', () => {
  const cookie = `Cookie: sid=staff\r\nOrigin: ${allowedOrigin}\r\n`;
  const target = `X-Original-URI: /ws/chat/\r\nHost: x\r\n${cookie}`;

  it('the headers of a WebSocket handshake are ignored', async () => {
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const grant = await speakTo(`GET /forward-auth HTTP/1.1\r\n${target}${upgrade}\r\n`);
    expect(grant).toMatch(/^HTTP\/1.1 204 /);
    expect(grant).not.toMatch(/^upgrade|sec-websocket/im);
    const malformed = upgrade.replace('dGhl', '').replace('13', '7');
    const close = 'Content-Length: 1\r\n\r\nx';
    expect(await speakTo(`POST /forward-auth HTTP/1.1\r\n${target}${malformed}${close}`)).toMatch(
      /^HTTP\/1.1 204 /,
    );
  });

  it.each(['GET', 'POST', 'PUT'])(
    'a body of %s is ignored, and so is its absence',
    async (method) => {
      const start = `${method} /forward-auth HTTP/1.1\r\n${target}Content-Type: none of these\r\n`;
      for (const [head, body] of [
        ['Content-Length: 5', ''],
        ['Content-Length: 5', '{"a":'],
        ['Content-Length: 99999999', 'x'.repeat(100_000)],
        ['Transfer-Encoding: chunked', '5\r\n{"a":'],
      ] as const) {
        const response = await speakTo(`${start}${head}\r\n\r\n${body}`);
        expect(response).toMatch(/^HTTP\/1.1 204 /);
        // Otherwise the next request of the proxy would be read as the body.
        expect(response).toMatch(/^connection: close/im);
      }
    },
  );
});
