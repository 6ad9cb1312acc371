import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  openClient,
  startUpstream,
  tryClient,
  type UpstreamSocket,
  type TestSocket,
  type TestUpstream,
} from '../support/web-socket.ts';
import { requestJson } from './support/requests.ts';
import { findDjango, startDjango, type DjangoSite } from './support/django.ts';
import { createTokenMint, leaksIn, secondsNow, type TokenMint } from './support/tokens.ts';
import { startUsher, type Usher } from './support/usher.ts';
import { within } from './support/within.ts';

const page = 'https://app.example';
const serverSecret = randomBytes(32).toString('hex');
const secrets = {
  guest: randomBytes(32).toString('hex'),
  user: randomBytes(32).toString('hex'),
};

const environment = {
  NODE_ENV: 'production',
  // The lowest level, so that no level hides a secret.
  LOG_LEVEL: 'debug',
  PUSHER_APP_ID: 'app',
  PUSHER_KEY: 'key',
  PUSHER_SECRET: randomBytes(16).toString('hex'),
  GUEST_TOKEN_SECRET: secrets.guest,
  USER_TOKEN_SECRET: secrets.user,
  CHAT_SERVER_KEYS: `chat:${serverSecret}`,
  ALLOWED_ORIGINS: page,
  // All attempts of the file come from one address, and some are twenty at once.
  RATE_LIMIT_CONNECTIONS: '10000',
};

const closing = (talker: TestSocket) =>
  within(15_000, talker.closed, () => 'The connection did not end');
const message = (talker: TestSocket) => within(15_000, talker.next(), () => 'No message came');

describe('a chat page that opens GET /ws', () => {
  let upstream: TestUpstream;
  let usher: Usher;
  let tokens: TokenMint;
  const tickets: string[] = [];

  beforeAll(async () => {
    tokens = createTokenMint(secrets);
    upstream = await startUpstream();
    usher = await startUsher({ ...environment, WS_UPSTREAM: upstream.url });
  });
  afterAll(async () => {
    await usher.stop();
    await upstream.stop();
    const texts = [...Object.values(secrets), serverSecret, ...tokens.minted(), ...tickets];
    expect(leaksIn(usher.output(), texts)).toEqual([]);
  });

  const ticketFor = async (token: string) => {
    const response = await fetch(`${usher.publicUrl}/api/websocket/ticket`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'x-chat-server-key': 'chat',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        entityId: 'E-7',
        entityType: 'order',
        providerResId: 'P-3',
        clientInfo: { userAgent: 'test', timestamp: Date.now() },
      }),
    });
    if (response.status !== 200) throw new Error(`No ticket: ${await response.text()}`);
    const { ticket } = (await response.json()) as { readonly ticket: string };
    tickets.push(ticket);
    return ticket;
  };

  const show = async (ticket: string, headers = {}) => {
    const client = await openClient(usher.publicUrl, '/ws', { headers, origin: page });
    client.socket.send(JSON.stringify({ type: 'ticket_authenticate', ticket, clientInfo: {} }));
    return { client, reply: JSON.parse((await message(client)).toString()) as object };
  };

  const enter = async (claims = {}, headers = {}) => {
    const { client, reply: response } = await show(await ticketFor(tokens.user(claims)), headers);
    expect(response).toMatchObject({ type: 'authentication_success' });
    return { client, server: await arrival() };
  };

  const arrival = (): Promise<UpstreamSocket> =>
    within(15_000, upstream.next(), () => 'Usher did not come to the chat server');

  it('exchanges messages with its chat server, which receives the user', async () => {
    const { client, server } = await enter(
      { roles: ['member'] },
      { 'X-Usher-User-Id': '1', 'x-usher-roles': 'admin', Cookie: 'sessionid=mine' },
    );
    expect(server.headers).toMatchObject({
      'x-usher-user-id': '15',
      'x-usher-tenant-id': '1',
      'x-usher-roles': 'member',
      'x-usher-entity-id': 'E-7',
      'x-usher-entity-type': 'order',
      'x-usher-provider-res-id': 'P-3',
    });
    expect(server.headers).not.toHaveProperty('cookie');
    client.socket.send('{"type":"message","text":"hellö"}');
    expect(await message(server)).toBe('{"type":"message","text":"hellö"}');
    server.socket.send(Buffer.from([1, 2, 3]));
    expect(await message(client)).toEqual(Buffer.from([1, 2, 3]));
    client.socket.close(4000, 'bye');
    expect(await closing(server)).toEqual({ code: 4000, reason: 'bye' });
  });

  it('is accepted once with a ticket, in twenty concurrent attempts', async () => {
    const ticket = await ticketFor(tokens.user());
    const attempts = await Promise.all(Array.from({ length: 20 }, () => show(ticket)));
    const successes = attempts.filter(({ reply: response }) => 'sessionId' in response);
    const refusals = attempts.filter(({ reply: response }) => 'error' in response);
    expect([successes.length, refusals.length]).toEqual([1, 19]);
    for (const { client, reply } of refusals) {
      expect(reply).toEqual({ type: 'authentication_error', error: 'Invalid or expired ticket' });
      expect((await closing(client)).code).toBe(4401);
    }
    await arrival();
    successes[0]?.client.socket.close();
  });

  it('is closed when its token expires', async () => {
    const { client, server } = await enter({ exp: secondsNow() + 4 });
    expect((await closing(client)).code).toBe(4001);
    expect((await closing(server)).code).toBe(4001);
  });

  it('is closed when it is revoked', async () => {
    const { client, server } = await enter({
      sub: 'revoked',
      iat: secondsNow() - 10,
      exp: secondsNow() + 600,
    });
    const response = await requestJson('POST', `${usher.operatorUrl}/revocations`, {
      user_id: 'revoked',
    });
    expect(response.text).toContain('{"effect":"websockets-closed","connections":1}');
    expect((await closing(client)).code).toBe(4003);
    expect((await closing(server)).code).toBe(4003);
  });

  it('gets a close frame when the chat server stops', async () => {
    const { client, server } = await enter();
    server.socket.terminate();
    expect((await closing(client)).code).toBe(1014);
  });

  it('gets a close frame when Usher stops, and Usher exits', async () => {
    const own = await startUsher({ ...environment, WS_UPSTREAM: upstream.url });
    const silent = await openClient(own.publicUrl, '/ws');
    const unresponsive = await openClient(own.publicUrl, '/ws');
    unresponsive.socket.pause();
    await own.stop();
    expect((await closing(silent)).code).toBe(1001);
    unresponsive.socket.terminate();
  });
});

const django = await findDjango();

describe.skipIf('missing' in django)('a page of a Django host that opens its WebSockets', () => {
  let site: DjangoSite;
  let upstream: TestUpstream;
  let usher: Usher;
  const stops: (() => Promise<void>)[] = [];
  let visitors = 0;

  beforeAll(async () => {
    if ('missing' in django) return;
    site = await startDjango(django.python, 'db');
    stops.unshift(site.stop);
    upstream = await startUpstream();
    stops.unshift(upstream.stop);
    usher = await startUsher({
      ...environment,
      SESSION_MODE: 'django',
      DJANGO_SECRET_KEY: site.secretKey,
      DJANGO_DATABASE_URL: site.readerUrl,
      SESSION_WS_UPSTREAM: upstream.url,
      WS_RECHECK_INTERVAL: '100ms',
    });
    stops.unshift(() => usher.stop());
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  /** Connects a new user of the staff. */
  const newGuest = async () => {
    visitors += 1;
    const name = `socket-${visitors}`;
    const id = await site.addUser(name);
    await site.setStaff(name, true);
    const cookie = await site.login(name);
    const client = await openClient(usher.publicUrl, '/ws/chat/', as(cookie));
    const server = await within(15_000, upstream.next(), () => 'Nobody came to the host');
    return { id, name, cookie, client, server };
  };
  const as = (cookie: string, origin = page) => ({ headers: { cookie, origin } });

  it('is accepted by its cookie, and the application receives its identity', async () => {
    const { id, cookie, client, server } = await newGuest();
    expect(server.path).toBe('/ws/chat/');
    expect(server.headers).toMatchObject({ cookie, origin: page, 'x-usher-user-id': id });
    client.socket.send('hello');
    expect(await message(server)).toBe('hello');
    client.socket.close();
    expect((await closing(server)).code).toBe(1000);
  });

  it('is refused without the cookie, from another page, or with two cookies', async () => {
    const { cookie, client } = await newGuest();
    const statusOf = async (settings: object) => {
      const response = await tryClient(usher.publicUrl, '/ws/chat', settings);
      return 'status' in response ? response.status : 101;
    };
    expect(await statusOf({ headers: { origin: page } })).toBe(401);
    expect(await statusOf(as('sessionid=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))).toBe(401);
    expect(await statusOf(as(cookie, 'https://evil.example'))).toBe(403);
    expect(await statusOf(as(`${cookie}; ${cookie}`))).toBe(400);
    client.socket.close();
  });

  it.each<
    readonly [string, number, (guest: Awaited<ReturnType<typeof newGuest>>) => Promise<void>]
  >([
    ['the user signs out', 4001, ({ cookie }) => site.logout(cookie)],
    ['the password changes', 4001, ({ name }) => site.changePassword(name)],
    ['the user is no longer staff', 4003, ({ name }) => site.setStaff(name, false)],
    ['the account is deactivated', 4001, ({ name }) => site.changeUser(name, { is_active: false })],
  ])('is closed when %s', async (_when, code, change) => {
    const guest = await newGuest();
    await change(guest);
    expect((await closing(guest.client)).code).toBe(code);
    expect((await closing(guest.server)).code).toBe(code);
  });

  it('receives only the payment of its own order', async () => {
    const { id, cookie, client } = await newGuest();
    client.socket.close();
    for (const [order, owner] of [
      ['own', id],
      ['other', '0'],
    ]) {
      const url = `${usher.operatorUrl}/resources/orders/${order ?? ''}`;
      await requestJson('PUT', url, { owner_id: owner });
    }
    const open = (order: string) =>
      tryClient(usher.publicUrl, `/ws/payment-socket/${order}/`, as(cookie));
    expect(await open('other')).toMatchObject({ status: 403 });
    const own = await open('own');
    expect('status' in own).toBe(false);
    expect((await upstream.next()).path).toBe('/ws/payment-socket/own/');
  });
});
