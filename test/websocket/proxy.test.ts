import { createHash } from 'node:crypto';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import type { RedeemTicket } from '../../src/websocket/ticket-authentication.ts';
import {
  startUpstream,
  type UpstreamSocket,
  type ClientSettings,
  type TestUpstream,
} from '../support/web-socket.ts';
import { testNow } from '../support/tokens.ts';
import {
  goodTicket,
  holder,
  redeemAnything,
  settle,
  startTestEndpoint,
  ticketMessage,
  until,
  user,
  type TestEndpointOptions,
} from './test-endpoint.ts';

let upstream: TestUpstream;

beforeEach(async () => {
  upstream = await startUpstream();
});

afterEach(async () => {
  await upstream.stop();
});

const start = (changes: TestEndpointOptions = {}) =>
  startTestEndpoint({
    chatServer: new URL(`${upstream.url}/chat?v=1`),
    mostMessages: 1e6,
    ...changes,
  });

/** An authenticated client, and its connection at the upstream server. */
async function pair(changes: TestEndpointOptions = {}, settings = {}) {
  const endpoint = await start(changes);
  const client = await endpoint.enter(settings);
  const server = await upstream.next();
  // Until Usher has received the response of the upstream server.
  await settle(server);
  return { endpoint, client, server };
}

const usherHeaders = ({ headers }: UpstreamSocket) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-usher')));

describe('the upstream server of GET /ws', () => {
  it('receives the headers of the user, at its own address', async () => {
    const { client, server } = await pair();
    expect(server.path).toBe('/chat?v=1');
    expect(usherHeaders(server)).toEqual({
      'x-usher-user-id': '15',
      'x-usher-tenant-id': '1',
      'x-usher-roles': 'member',
      'x-usher-entity-id': 'E-7',
      'x-usher-entity-type': 'booking',
      'x-usher-provider-res-id': 'P-9',
      'x-usher-session-id': client.sessionId,
    });
  });

  it('receives the request of the client as from any reverse proxy, and no credential', async () => {
    const { endpoint, server } = await pair(
      {},
      {
        headers: {
          'X-Usher-User-Id': '1',
          'x-usher-roles': 'admin',
          'X-USHER-EXTRA': 'x',
          'X-Forwarded-For': '1.2.3.4',
          'X-Forwarded-Host': 'forged.example',
          'X-Forwarded-Proto': 'https',
          Forwarded: 'for=1.2.3.4',
          Cookie: 'sessionid=theirs',
          Authorization: 'Bearer theirs',
          Host: 'chat.example',
          'User-Agent': 'Browser/1.0',
          Origin: 'https://app.example',
        },
      },
    );
    expect(JSON.stringify(server.headers)).not.toMatch(/theirs|admin|extra|1\.2\.3\.4|forged/i);
    expect(server.headers).toMatchObject({
      'x-usher-user-id': '15',
      host: 'chat.example',
      origin: 'https://app.example',
      'user-agent': 'Browser/1.0',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'chat.example',
      'x-forwarded-proto': 'http',
    });
    expect(new URL(endpoint.address).host).not.toBe('chat.example');
  });

  it('receives its own address as Host if that is configured, and that of the client in addition', async () => {
    const { server } = await pair({ preserveHost: false }, { headers: { Host: 'chat.example' } });
    expect(server.headers.host).toBe(new URL(upstream.url).host);
    expect(server.headers['x-forwarded-host']).toBe('chat.example');
  });

  it('receives values that cannot end their header, add a role, or be mistaken for another value', async () => {
    const hostile = 'a\r\nX-Usher-Roles: admin, b%2Cü\ud800';
    const redeemTicket: RedeemTicket = () => {
      const principal = { ...user, id: hostile, roles: ['a,b', 'c d', 'ü'] };
      const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
      const redeemed = { user: principal, serverKey: 'chat', entityId: '', expiresAt: testNow };
      return Promise.resolve({ ...judged, outcome: 'grant', principal, holder: redeemed });
    };
    const { server } = await pair({ redeemTicket });
    const headers = usherHeaders(server);
    expect(Object.keys(headers).sort()).toEqual([
      'x-usher-entity-id',
      'x-usher-roles',
      'x-usher-session-id',
      'x-usher-tenant-id',
      'x-usher-user-id',
    ]);
    expect(decodeURIComponent(headers['x-usher-user-id'] as string)).toBe(
      'a\r\nX-Usher-Roles: admin, b%2Cü\ufffd',
    );
    expect(headers['x-usher-roles']).toBe('a%2Cb,c%20d,%C3%BC');
    expect(headers['x-usher-entity-id']).toBe('');
  });

  it('is offered the subprotocol that the client was promised', async () => {
    const { client, server } = await pair({}, { protocols: ['chat.v2', 'chat.v1'] });
    expect(server.socket.protocol).toBe('chat.v2');
    expect(client.socket.protocol).toBe('chat.v2');
  });
});

describe('messages', () => {
  it('are forwarded in both directions unchanged, text as text and binary as binary', async () => {
    const { client, server } = await pair();
    const bytes = Buffer.from([0, 255, 128]);
    client.socket.send('hellö');
    client.socket.send(bytes);
    client.socket.send('');
    expect([await server.next(), await server.next(), await server.next()]).toEqual([
      'hellö',
      bytes,
      '',
    ]);
    server.socket.send(bytes);
    server.socket.send('{"type":"authentication_success"}');
    expect([await client.next(), await client.next()]).toEqual([
      bytes,
      '{"type":"authentication_success"}',
    ]);
  });

  it('that arrive before the upstream server is connected keep their order', async () => {
    const { connect } = await start();
    const client = await connect();
    const texts = Array.from({ length: 40 }, (_, i) => `message ${i}`);
    client.socket.send(ticketMessage(goodTicket));
    for (const text of texts) client.socket.send(text);
    const server = await upstream.next();
    const received: unknown[] = [];
    for (let i = 0; i < texts.length; i += 1) received.push(await server.next());
    expect(received).toEqual(texts);
  });

  it('that arrive before that are limited: too many end the connection', async () => {
    let redeem: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (redeem = resolve));
    const redeemTicket: RedeemTicket = async () => {
      await waiting;
      const judged = { id: 'd', action: 'redeem-ticket', checks: [] } as const;
      return { ...judged, outcome: 'grant', principal: user, holder };
    };
    const { connect } = await start({ redeemTicket });
    const client = await connect();
    // In one write: what follows is not read.
    const { _socket: tcp } = client.socket as unknown as { readonly _socket: Socket };
    tcp.cork();
    client.socket.send(ticketMessage(goodTicket));
    for (let i = 0; i < 200; i += 1) client.socket.send('x');
    tcp.uncork();
    expect((await client.closed).code).toBe(4429);
    redeem();
    await settleLoop();
    expect(upstream.count()).toBe(0);
  });

  it('over the limit are dropped, without a message to the client', async () => {
    const { client, server } = await pair({ mostMessages: 2 });
    const received: unknown[] = [];
    client.socket.on('message', (data) => received.push(data));
    for (const text of ['one', 'two', 'three']) client.socket.send(text);
    client.socket.close(1000);
    expect([await server.next(), await server.next()]).toEqual(['one', 'two']);
    await expect(server.next()).rejects.toThrow('1000');
    await client.closed;
    expect(received).toEqual([]);
  });

  it('of the upstream server are not limited in number', async () => {
    const { client, server } = await pair({ mostMessages: 1 });
    for (let i = 0; i < 100; i += 1) server.socket.send(String(i));
    for (let i = 0; i < 100; i += 1) expect(await client.next()).toBe(String(i));
  });

  it('of a client that are too large end the connection with 1009', async () => {
    const { client, server } = await pair({ maxMessage: 2048 });
    client.socket.send('x'.repeat(2049));
    expect((await client.closed).code).toBe(1009);
    expect((await server.closed).code).toBe(1001);
  });

  it('of the upstream server may be larger than those of a client', async () => {
    const { client, server } = await pair({ maxMessage: 2048 });
    const text = 'x'.repeat(1024 * 1024);
    server.socket.send(text);
    expect((await client.next()).length).toBe(text.length);
  });

  it('of the upstream server end the connection with 1009 over their own limit', async () => {
    const { client, server } = await pair({ maxUpstreamMessage: 4096 });
    server.socket.send('x'.repeat(4096));
    expect((await client.next()).length).toBe(4096);
    server.socket.send('x'.repeat(4097));
    expect((await server.closed).code).toBe(1009);
    expect(await client.closed).toEqual({
      code: 1009,
      reason: 'A message of the upstream server was too large',
    });
  });

  it('of a closed client are not forwarded any more', async () => {
    let received = 0;
    const countMessage = () => {
      received += 1;
      return 0;
    };
    const { endpoint, client, server } = await pair({ countMessage });
    client.socket.send('before');
    expect(await server.next()).toBe('before');
    client.socket.pause();
    expect(
      endpoint.live.close({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow + 1 }),
    ).toBe(1);
    // It has not received the close frame, and continues to send.
    client.socket.send('after');
    expect((await server.closed).code).toBe(4003);
    client.socket.resume();
    expect((await client.closed).code).toBe(4003);
    await expect(server.next()).rejects.toThrow('4003');
    expect(received).toBe(1);
  });
});

describe('a receiver that does not read', () => {
  const chunk = Buffer.alloc(32 * 1024, 'x');
  const chunks = 1024;

  it.each(['client', 'server'] as const)('causes a pause, and loses nothing (%s)', async (who) => {
    const { client, server } = await pair();
    const [writer, reader] = who === 'client' ? [server, client] : [client, server];
    reader.socket.pause();
    for (let i = 0; i < chunks; i += 1) writer.socket.send(chunk);
    // 32 MiB; data beyond the kernel's buffers stays with the sender, so Usher does not hold it.
    const before = process.memoryUsage().arrayBuffers;
    await stalled(() => writer.socket.bufferedAmount);
    expect(writer.socket.bufferedAmount).toBeGreaterThan(8 * 1024 * 1024);
    // Half of it at most, as the process of the test holds both ends and what vitest itself needs.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    reader.socket.resume();
    for (let i = 0; i < chunks; i += 1) expect((await reader.next()).length).toBe(chunk.length);
  });

  it('is disconnected if it does not respond to pings', async () => {
    const { endpoint, client, server } = await pair();
    client.socket.pause();
    for (let i = 0; i < 3; i += 1) {
      await settle(server);
      endpoint.time.advance(20_000);
    }
    expect((await server.closed).code).toBe(1001);
    client.socket.resume();
    expect((await client.closed).code).toBe(1006);
  });

  it('is disconnected if it sends pings without reading the pongs', async () => {
    const { client } = await pair();
    client.socket.pause();
    let sent = 0;
    const flood = () => {
      for (let i = 0; i < 2000 && client.socket.readyState === client.socket.OPEN; i += 1) {
        client.socket.ping(Buffer.alloc(125));
        sent += 1;
      }
    };
    await until(() => {
      // Not faster than they are received: otherwise the memory of the test itself would grow.
      if (client.socket.bufferedAmount < 1024 * 1024) flood();
      return client.socket.readyState !== client.socket.OPEN || sent > 1e6;
    });
    expect(client.socket.readyState).not.toBe(client.socket.OPEN);
  });
});

/** Waits until a number did not change for some hundred turns of the event loop. */
async function stalled(read: () => number): Promise<void> {
  let [last, same] = [read(), 0];
  await until(() => {
    same = read() === last ? same + 1 : 0;
    last = read();
    return same > 500;
  });
}

const settleLoop = async () => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('the end of a connection', () => {
  it.each([1000, 1001, 1003, 1012, 3000, 4000, 4999])('with %d is forwarded', async (code) => {
    const one = await pair();
    one.client.socket.close(code, 'because');
    expect(await one.server.closed).toEqual({ code, reason: 'because' });
    const two = await pair();
    two.server.socket.close(code, 'becäuse');
    expect(await two.client.closed).toEqual({ code, reason: 'becäuse' });
  });

  it('without a code is forwarded as a normal one', async () => {
    const one = await pair();
    one.client.socket.close();
    expect((await one.server.closed).code).toBe(1000);
    const two = await pair();
    two.server.socket.close();
    expect((await two.client.closed).code).toBe(1000);
  });

  it('without a close frame is forwarded as a lost connection', async () => {
    const one = await pair();
    one.client.socket.terminate();
    expect((await one.server.closed).code).toBe(1001);
    const two = await pair();
    two.server.socket.terminate();
    expect((await two.client.closed).code).toBe(1014);
  });

  it('is forwarded after the messages before it', async () => {
    const { client, server } = await pair();
    for (let i = 0; i < 50; i += 1) server.socket.send(String(i));
    server.socket.close(4000, 'done');
    for (let i = 0; i < 50; i += 1) expect(await client.next()).toBe(String(i));
    expect((await client.closed).code).toBe(4000);
  });

  it('is not delayed by a server that keeps sending', async () => {
    const { endpoint, client, server } = await pair();
    for (let i = 0; i < 100; i += 1) server.socket.send(Buffer.alloc(32 * 1024));
    endpoint.live.close({ subject: { kind: 'user', userId: '15' }, issuedBefore: testNow + 1 });
    expect((await server.closed).code).toBe(4003);
    expect((await client.closed).code).toBe(4003);
  });

  it('by Usher is sent to both sides', async () => {
    const { endpoint, client, server } = await pair();
    const closing = endpoint.close();
    expect((await client.closed).code).toBe(1001);
    expect((await server.closed).code).toBe(1001);
    await closing;
  });
});

describe('an upstream server', () => {
  let tcp: Server | undefined;
  afterEach(() => {
    tcp?.close();
    tcp = undefined;
  });

  const listen = async (server: Server) => {
    tcp = server;
    await new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        resolve(undefined);
      }),
    );
    return new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };

  /** The connection of a client whose valid ticket was not accepted, and the number of times that the ticket was redeemed. */
  const refusedBy = async (chatServer: URL, settings: ClientSettings = {}) => {
    let spent = 0;
    const redeemTicket: RedeemTicket = (presentation) => {
      spent += 1;
      return redeemAnything(presentation);
    };
    const ports = { chatServer, checkTicket: redeemAnything, redeemTicket };
    const client = await (await start(ports)).connect(settings);
    client.socket.send(ticketMessage(goodTicket));
    const response = await client.nextJson();
    return { response, closing: await client.closed, spent };
  };
  const failed = { type: 'authentication_error', error: 'Authentication failed' };
  const notReachable = {
    code: 1014,
    reason: 'The upstream server is not reachable',
  };

  it('that is unreachable does not redeem the ticket', async () => {
    const gone = await listen(createTcpServer());
    await new Promise((resolve) => tcp?.close(resolve));
    expect(await refusedBy(gone)).toEqual({ response: failed, closing: notReachable, spent: 0 });
  });

  it.each([
    ['403 Forbidden', 'The upstream server refused the connection'],
    ['500 Internal Server Error', 'The upstream server refused the connection'],
    ['200 OK', notReachable.reason],
    ['302 Found\r\nLocation: ws://127.0.0.1:1/', notReachable.reason],
    ['101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade', notReachable.reason],
  ])('that responds with %s does not redeem the ticket', async (head, reason) => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\n\r\n`);
      }),
    );
    const closing = { code: 1014, reason };
    expect(await refusedBy(url)).toEqual({ response: failed, closing, spent: 0 });
  });

  it('that is not HTTP does not redeem the ticket', async () => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('SSH-2.0-test\r\n');
      }),
    );
    expect(await refusedBy(url)).toMatchObject({ closing: notReachable, spent: 0 });
  });

  /** A server that accepts connections and does not respond. */
  const startSilent = async () => {
    let [connected, disconnected]: (() => void)[] = [];
    const arrival = new Promise<void>((resolve) => (connected = resolve));
    const departure = new Promise<void>((resolve) => (disconnected = resolve));
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume().once('close', () => disconnected?.());
        connected?.();
      }),
    );
    return { url, arrival, departure };
  };

  it('that does not respond times out after ten seconds', async () => {
    const { url, arrival, departure } = await startSilent();
    const endpoint = await start({ chatServer: url });
    const client = await endpoint.connect();
    client.socket.send(ticketMessage(goodTicket));
    await arrival;
    endpoint.time.advance(9_999);
    await settleLoop();
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    endpoint.time.advance(1);
    expect(await client.nextJson()).toEqual(failed);
    expect(await client.closed).toEqual(notReachable);
    await departure;
  });

  it.each<readonly [string, (socket: WebSocket) => void]>([
    [
      'closed',
      (socket) => {
        socket.close();
      },
    ],
    [
      'was disconnected',
      (socket) => {
        socket.terminate();
      },
    ],
  ])('is not connected if the client %s, and the ticket is not redeemed', async (_how, leave) => {
    const { url, arrival, departure } = await startSilent();
    let spent = 0;
    const redeemTicket: RedeemTicket = (presentation) => {
      spent += 1;
      return redeemAnything(presentation);
    };
    const endpoint = await start({ chatServer: url, checkTicket: redeemAnything, redeemTicket });
    const client = await endpoint.connect();
    client.socket.send(ticketMessage(goodTicket));
    await arrival;
    leave(client.socket);
    await departure;
    await until(() => endpoint.time.waiting() === 0);
    expect(spent).toBe(0);
  });

  it('is not connected when Usher closes', async () => {
    const { url, arrival, departure } = await startSilent();
    const endpoint = await start({ chatServer: url });
    const client = await endpoint.connect();
    client.socket.send(ticketMessage(goodTicket));
    await arrival;
    const closing = endpoint.close();
    await departure;
    expect((await client.closed).code).toBe(1001);
    await closing;
  });

  it('that does not select the promised subprotocol does not redeem the ticket', async () => {
    const other = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => false });
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const url = new URL(`ws://127.0.0.1:${port}`);
    expect(await refusedBy(url, { protocols: ['chat.v1'] })).toEqual({
      response: failed,
      closing: { code: 1014, reason: 'The upstream server refused the connection' },
      spent: 0,
    });
    other.close();
  });

  it('that sends immediately is forwarded after the response to the ticket', async () => {
    const other = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => other.once('listening', resolve));
    other.on('connection', (socket) => {
      socket.send('welcome');
      socket.close(4100, 'full');
    });
    const { port } = other.address() as AddressInfo;
    const client = await (await start({ chatServer: new URL(`ws://127.0.0.1:${port}`) })).enter();
    expect(await client.next()).toBe('welcome');
    expect(await client.closed).toEqual({ code: 4100, reason: 'full' });
    other.close();
  });

  it('that compresses without negotiation is not connected', async () => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', (head) => {
          const [, key = ''] = /sec-websocket-key: (.*)\r\n/i.exec(head.toString()) ?? [];
          const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
          const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
          socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
              `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
          );
        });
      }),
    );
    expect(await refusedBy(url)).toMatchObject({ closing: notReachable, spent: 0 });
  });

  it('gets one connection if one ticket is used several times concurrently', async () => {
    let spent = false;
    const checkTicket: RedeemTicket = (presentation) =>
      redeemAnything(spent ? { ...presentation, ticket: 'ticket-replayed' } : presentation);
    const redeemTicket: RedeemTicket = (presentation) => {
      const decision = checkTicket(presentation);
      spent = true;
      return decision;
    };
    const endpoint = await start({ checkTicket, redeemTicket });
    const clients = await Promise.all(Array.from({ length: 10 }, () => endpoint.connect()));
    for (const { socket } of clients) socket.send(ticketMessage(goodTicket));
    const responses = await Promise.all(clients.map(({ nextJson }) => nextJson()));
    const types = responses.map((response) => (response as { readonly type: string }).type);
    expect(types.filter((type) => type === 'authentication_success')).toHaveLength(1);
    expect(upstream.count()).toBe(1);
  });

  it('that stops answering pings is disconnected', async () => {
    const { endpoint, client, server } = await pair();
    server.socket.pause();
    for (let i = 0; i < 3; i += 1) {
      await settle(client);
      endpoint.time.advance(20_000);
    }
    expect((await client.closed).code).toBe(1014);
  });
});
