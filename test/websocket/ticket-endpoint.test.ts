import { describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { speak } from '../http/raw-socket.ts';
import { startUpstream } from '../support/web-socket.ts';
import { goodTicket, startTestEndpoint, ticketMessage, until } from './test-endpoint.ts';

describe('a client of GET /ws', () => {
  it('is accepted with a ticket, and gets its identity', async () => {
    const { connect } = await startTestEndpoint();
    const client = await connect();
    client.socket.send(ticketMessage(goodTicket));
    const message = (await client.nextJson()) as { readonly sessionId: string };
    expect(message).toEqual({
      type: 'authentication_success',
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      user: { userId: '15', entityId: 'E-7', entityType: 'booking' },
    });
    const { sessionId } = await (await startTestEndpoint()).enter();
    expect(sessionId).not.toBe(message.sessionId);
  });

  it.each([
    ['ticket-unknown', 'Invalid or expired ticket'],
    ['ticket-replayed', 'Invalid or expired ticket'],
    ['ticket-of-other-server', 'Invalid or expired ticket'],
    ['revoked', 'Invalid or expired ticket'],
    ['ticket-expired', 'Ticket has expired'],
    ['server-key-rejected', 'Authentication failed'],
  ])('is refused with a ticket that is %s and gets "%s"', async (code, error) => {
    const client = await (await startTestEndpoint()).connect();
    client.socket.send(ticketMessage(code));
    expect(await client.next()).toBe(JSON.stringify({ type: 'authentication_error', error }));
    expect((await client.closed).code).toBe(4401);
  });

  it.each<readonly [string, string | Buffer]>([
    ['another message', '{"type":"message","text":"hello"}'],
    ['no JSON', 'hello'],
    ['an empty message', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a ticket that is not text', ticketMessage(7)],
    ['no ticket', '{"type":"ticket_authenticate"}'],
    ['a binary message', Buffer.from(ticketMessage(goodTicket))],
    ['a long message', ticketMessage(goodTicket).padEnd(4097)],
  ])('that sends %s first gets an authentication error', async (_what, first) => {
    const { connect, logged } = await startTestEndpoint();
    const client = await connect();
    client.socket.send(first);
    expect(await client.nextJson()).toEqual({
      type: 'authentication_error',
      error: 'Authentication required',
    });
    expect((await client.closed).code).toBe(4401);
    expect(logged).toContain('WebSocket closed: its first message is not a ticket');
  });

  it('gets 1013 if its ticket could not be read', async () => {
    const counted: string[] = [];
    const { connect } = await startTestEndpoint({
      redeemTicket: () => Promise.reject(new Unavailable('database')),
      countUnavailable: ({ dependency }) => counted.push(dependency),
    });
    const client = await connect();
    client.socket.send(ticketMessage(goodTicket));
    expect(await client.nextJson()).toMatchObject({ error: 'Authentication failed' });
    expect((await client.closed).code).toBe(1013);
    expect(counted).toEqual(['database']);
  });

  it('gets no details of an unhandled error', async () => {
    const { connect } = await startTestEndpoint({
      redeemTicket: () => Promise.reject(new Error('secret words')),
    });
    const client = await connect();
    client.socket.send(ticketMessage(goodTicket));
    expect(await client.nextJson()).toMatchObject({ error: 'Authentication failed' });
    expect(await client.closed).toEqual({ code: 1011, reason: 'Internal error' });
  });

  it('must send its ticket within ten seconds', async () => {
    const { connect, time, logged } = await startTestEndpoint();
    const [silent, quick] = [await connect(), await connect()];
    await until(() => time.waiting() === 4);
    time.advance(9_999);
    quick.socket.send(ticketMessage(goodTicket));
    expect(await quick.nextJson()).toMatchObject({ type: 'authentication_success' });
    expect(silent.socket.readyState).toBe(silent.socket.OPEN);
    time.advance(1);
    expect((await silent.closed).code).toBe(4408);
    expect(logged).toContain('WebSocket closed: it sent no ticket in time');
    expect(quick.socket.readyState).toBe(quick.socket.OPEN);
  });

  it('is ignored after it was refused', async () => {
    const upstream = await startUpstream();
    const { connect } = await startTestEndpoint({ chatServer: new URL(upstream.url) });
    const client = await connect();
    client.socket.send('hello');
    client.socket.send(ticketMessage(goodTicket));
    expect((await client.closed).code).toBe(4401);
    expect(upstream.count()).toBe(0);
    await upstream.stop();
  });

  it('that sends too large a message is closed with the code of the protocol', async () => {
    const client = await (await startTestEndpoint({ maxMessage: 2048 })).connect();
    client.socket.send('x'.repeat(2049));
    expect((await client.closed).code).toBe(1009);
  });

  it('without a chat server gets an error for its message', async () => {
    const client = await (await startTestEndpoint()).enter();
    client.socket.send('hello');
    expect(await client.nextJson()).toEqual({
      type: 'error',
      error: 'No server is connected here',
    });
  });

  it('may come from a page of any origin, because only the ticket authenticates it', async () => {
    const { enter } = await startTestEndpoint();
    await enter({ origin: 'https://elsewhere.example' });
  });

  it('gets no compression', async () => {
    const client = await (await startTestEndpoint()).enter({ perMessageDeflate: true });
    expect(client.socket.extensions).toBe('');
  });

  it('uses the first subprotocol that it offers', async () => {
    const client = await (await startTestEndpoint()).enter({ protocols: ['chat.v2', 'chat.v1'] });
    expect(client.socket.protocol).toBe('chat.v2');
  });
});

const upgrade = ['Upgrade: websocket', 'Connection: Upgrade'];
const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

describe('a request for /ws that is not a WebSocket handshake', () => {
  it.each<readonly [string, number, string, readonly string[]]>([
    ['without Upgrade', 426, 'a proxy removed', ['Sec-WebSocket-Version: 13']],
    [
      'with Upgrade, and without Connection',
      426,
      'a proxy removed',
      ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', key],
    ],
    ['with an old version', 426, 'must be 13', [...upgrade, 'Sec-WebSocket-Version: 8', key]],
    ['without a version', 426, 'must be 13', [...upgrade, key]],
    ['without a key', 400, 'Sec-WebSocket-Key', [...upgrade, 'Sec-WebSocket-Version: 13']],
    [
      'with a malformed subprotocol',
      400,
      'Sec-WebSocket-Protocol',
      [...upgrade, 'Sec-WebSocket-Version: 13', key, 'Sec-WebSocket-Protocol: a,,b'],
    ],
    [
      'with a repeated subprotocol',
      400,
      'Sec-WebSocket-Protocol',
      [...upgrade, 'Sec-WebSocket-Version: 13', key, 'Sec-WebSocket-Protocol: a, a'],
    ],
  ])('%s gets %d with the reason', async (...[, status, reason, lines]) => {
    const { address } = await startTestEndpoint();
    const received = await speak(
      address,
      `GET /ws HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
    );
    expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(received).toContain(reason);
    if (status === 426) expect(received).toMatch(/^upgrade: websocket\r$/im);
    if (reason === 'must be 13') expect(received).toMatch(/^sec-websocket-version: 13\r$/im);
  });

  it('is handled without an upgrade if it offers HTTP/2, as the client of Java does', async () => {
    const { address } = await startTestEndpoint();
    const body = '{"a":"ü"}';
    const received = await speak(
      address,
      `POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n` +
        `HTTP2-Settings: AAEAAEAAAAIAAAAA\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    expect(received).toMatch(/^HTTP\/1.1 200 /);
    expect(received).toContain('{"body":{"a":"ü"}}');
  });

  it('gets a response if it is a POST with an Upgrade header', async () => {
    const { address } = await startTestEndpoint();
    const received = await speak(
      address,
      'POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n' +
        'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}',
    );
    expect(received).toContain('{"body":{"a":1}}');
  });

  it('gets a response, and its connection is closed, if its route accepts no WebSockets', async () => {
    const { address } = await startTestEndpoint();
    const received = await speak(
      address,
      'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(received).toMatch(/^HTTP\/1.1 404 /);
  });

  it('gets an error when its handshake is malformed', async () => {
    const { address } = await startTestEndpoint();
    const received = await speak(
      address,
      'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(received).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe('when Usher closes', () => {
  it('every WebSocket gets a close frame', async () => {
    const { enter, connect, close } = await startTestEndpoint();
    const clients = [await enter(), await connect()];
    await close();
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual([
      { code: 1001, reason: 'Usher is closing' },
      { code: 1001, reason: 'Usher is closing' },
    ]);
  });

  it('a client that does not respond is disconnected', async () => {
    const { enter, close, time } = await startTestEndpoint();
    const client = await enter();
    client.socket.pause();
    await until(() => time.waiting() === 3);
    const closing = close();
    // The previous timer is cleared, and the timeout for the close frame has started.
    await until(() => time.waiting() === 2);
    time.advance(3_000);
    await closing;
  });
});
