import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSocket } from '../http/raw-socket.ts';
import { getTicket, ticketEnvironment } from '../http/ticket-requests.ts';
import {
  createDjangoApplication,
  djangoCookies,
  djangoRows,
  djangoSettings,
  type DjangoApplication,
} from '../support/django-application.ts';
import { allowedOrigin, startUsher, useUsher, type TestUsher } from '../support/usher.ts';
import { openClient, startUpstream, tryClient, type TestUpstream } from '../support/web-socket.ts';
import { receive, raw } from './attacker.ts';

const limits = { RATE_LIMIT_CONNECTIONS: '1000000' };
const message = (ticket: unknown) => JSON.stringify({ type: 'ticket_authenticate', ticket });
const handshake = [
  'Host: usher',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe('the WebSocket endpoint for tickets', () => {
  const usher = useUsher({ ...ticketEnvironment, ...limits });
  /** The response to this first message, after which the connection must end. */
  const says = async (first: string | Buffer) => {
    const client = await openClient(usher.public, '/ws');
    client.socket.send(first);
    const response = await client.nextJson().catch(() => undefined);
    await client.closed;
    return (response as { readonly error?: string } | undefined)?.error;
  };

  it('accepts no ticket in a binary message', async () => {
    const ticket = await getTicket(usher.public);
    expect(await says(Buffer.from(message(ticket)))).toBe('Authentication required');
    const client = await openClient(usher.public, '/ws');
    client.socket.send(message(ticket));
    expect(await client.nextJson()).toMatchObject({ type: 'authentication_success' });
    client.socket.terminate();
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['an empty object', '{}'],
    ['a list', `[${message('x')}]`],
    ['null', 'null'],
    ['a message of another type', '{"type":"authenticate","ticket":"x"}'],
    ['a ticket in a list', message(['x'])],
    ['a ticket that is an object', message({ $ne: '' })],
    [
      'a ticket in the object prototype',
      '{"__proto__":{"type":"ticket_authenticate","ticket":"x"}}',
    ],
    ['a message that is too long', message('a'.repeat(5000))],
    ['deeply nested arrays', `${'['.repeat(2000)}${']'.repeat(2000)}`],
  ])('does not authenticate with %s', async (_case, first) => {
    expect(await says(first)).toBe('Authentication required');
  });

  it('does not forward messages that arrive before the ticket', async () => {
    const ticket = await getTicket(usher.public);
    const client = await openClient(usher.public, '/ws');
    client.socket.send('{"type":"ping"}');
    client.socket.send(message(ticket));
    expect(await client.nextJson()).toMatchObject({ error: 'Authentication required' });
    await client.closed;
  });

  it('is closed after a message over the limit, whole or in a thousand fragments', async () => {
    for (const pieces of [1, 1000]) {
      const client = await openClient(usher.public, '/ws');
      const piece = 'a'.repeat(Math.ceil(200_000 / pieces));
      for (let i = 0; i < pieces; i += 1) client.socket.send(piece, { fin: i === pieces - 1 });
      expect([1009, 1006]).toContain((await client.closed).code);
    }
  });

  it('negotiates no compression', async () => {
    const { socket } = await openClient(usher.public, '/ws', { perMessageDeflate: true });
    expect(socket.extensions).toBe('');
    socket.terminate();
  });

  it.each<[string, Buffer]>([
    ['not masked', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    ['compressed without negotiation', Buffer.from([0xc1, 0x80, 1, 2, 3, 4])],
    ['of an unknown opcode', Buffer.from([0x83, 0x80, 1, 2, 3, 4])],
    [
      'of the maximum length',
      Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
    ['a continuation of no message', Buffer.from([0x80, 0x80, 1, 2, 3, 4])],
    ['a fragmented ping', Buffer.from([0x09, 0x80, 1, 2, 3, 4])],
  ])('is closed after a frame that is %s', async (_case, frame) => {
    const head = `${['GET /ws HTTP/1.1', ...handshake, 'Connection: Upgrade'].join('\r\n')}\r\n\r\n`;
    const socket = await openSocket(usher.public);
    socket.end(Buffer.concat([Buffer.from(head), frame]));
    await socket.closed;
    expect(socket.received()).toMatch(/^HTTP\/1\.1 101 /);
    expect(socket.received()).not.toContain('success');
  });

  it.each<[string, number, readonly string[]]>([
    ['no key', 400, handshake.filter((line) => !line.includes('Key'))],
    ['an invalid key', 400, [...handshake.slice(0, 3), 'Sec-WebSocket-Key: x']],
    ['an old version', 426, handshake.map((line) => line.replace('13', '7'))],
    ['an invalid version', 426, handshake.map((line) => line.replace('13', '13, 8'))],
  ])('refuses a handshake with %s', async (_case, status, lines) => {
    const start = `GET /ws HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: Upgrade\r\n\r\n`;
    expect((await receive(usher.public, start)).status).toBe(status);
  });

  it('refuses a request that resembles a handshake', async () => {
    expect((await receive(usher.public, raw('POST /ws', handshake))).status).toBe(405);
    expect((await receive(usher.public, raw('GET /ws', ['Host: usher']))).status).toBe(426);
  });
});

describe('the WebSocket endpoints for session cookies', () => {
  const paths = ['/ws/all-seat-datasocket/', '/ws/chat/', '/ws/payment-socket/99/'];
  let host: DjangoApplication;
  let upstream: TestUpstream;
  let usher: TestUsher;
  beforeAll(async () => {
    [host, upstream] = await Promise.all([createDjangoApplication(), startUpstream()]);
    usher = await startUsher({
      ...djangoSettings(host),
      ...limits,
      SESSION_WS_UPSTREAM: upstream.url,
    });
  });
  afterAll(async () => {
    await usher.stop();
    await upstream.stop();
    await host.drop();
  });
  beforeEach(() => host.fill(djangoRows));
  const cookie = `sessionid=${djangoCookies.bob}`;

  it.each([
    'https://evil.example',
    'null',
    'http://app.example',
    `${allowedOrigin}.evil.example`,
    undefined,
  ])('refuse a page of %s before they contact the upstream server', async (origin) => {
    const before = upstream.count();
    for (const path of paths) {
      const headers = { cookie, ...(origin !== undefined && { origin }) };
      expect(await tryClient(usher.public, path, { headers })).toMatchObject({ status: 403 });
    }
    expect(upstream.count()).toBe(before);
  });

  it.each([
    '1%2f..%2fchat',
    '..%2f..%2fchat',
    '99%00',
    '99%0d%0aX-Injected:%201',
    '%252e%252e',
    '99;x',
    '%EF%BC%99%EF%BC%99',
  ])('send the order %s to no other path of the application', async (order) => {
    const before = upstream.count();
    const headers = { cookie, origin: allowedOrigin };
    const path = `/ws/payment-socket/${order}/`;
    const response = await tryClient(usher.public, path, { headers });
    expect('status' in response && [400, 403].includes(response.status)).toBe(true);
    expect(upstream.count()).toBe(before);
  });

  it('send the identity in headers that the visitor cannot set', async () => {
    const forged = {
      'x-usher-user-id': '1',
      'x-usher-is-superuser': 'true',
      'x-usher-roles': 'admin',
    };
    const headers = { cookie, origin: allowedOrigin, ...forged };
    const client = await openClient(usher.public, '/ws/chat/?x-usher-user-id=1', { headers });
    const arrival = await upstream.next();
    expect(arrival.headers['x-usher-user-id']).toBe('2');
    expect(arrival.headers['x-usher-roles']).toBe('staff');
    expect(arrival.headers['x-usher-is-superuser']).not.toBe('true');
    client.socket.terminate();
  });
});
