import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { secondsNow } from '../e2e/support/tokens.ts';
import type { Usher } from '../e2e/support/usher.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { booking, chatServer, hotel, startService, tokens } from './support/service.ts';
import { issueTicket, redeemTicket, ticketIn } from './support/tickets.ts';

let postgres: Postgres;
let usher: Usher;
beforeAll(async () => {
  postgres = await startPostgres();
  usher = await startService({
    DATABASE_URL: postgres.url,
    LOG_LEVEL: 'debug',
    SESSION_MODE: 'django',
    DJANGO_DATABASE_URL: postgres.url,
    DJANGO_SECRET_KEY: randomBytes(32).toString('hex'),
    ALLOWED_ORIGINS: 'https://app.example',
  });
});
afterAll(async () => {
  await usher.stop();
  await postgres.remove();
});

/** Every secret that was sent to Usher; the log and the database must contain none of them. */
const sentSecrets: string[] = [];
const secret = (): string => {
  const text = `hush${randomBytes(12).toString('hex')}`;
  sentSecrets.push(text);
  return text;
};
const record = (token: string): string => {
  sentSecrets.push(...token.split('.').filter(({ length }) => length > 12));
  return token;
};

type Request = readonly [path: string, init: RequestInit];

const form = (fields: Readonly<Record<string, string>>, headers = {}): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
  headers,
});
const text = (body: string, type: string, headers = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': type, ...headers },
});

const chat = `/api/guest/hotel/${hotel}/chat/pusher/auth`;
const fields = {
  socket_id: '1.2',
  channel_name: `private-hotel-${hotel}-guest-chat-booking-${booking}`,
};

/** Requests with a secret in every possible place, valid and invalid ones. */
function requests(): readonly Request[] {
  const past = secondsNow() - 7200;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const server = { 'x-chat-server-key': chatServer.key };
  return [
    [`${chat}?token=${record(tokens.guest())}`, form(fields)],
    [`${chat}?token=${record(tokens.guest({ iat: past, exp: past + 60 }))}`, form(fields)],
    [`${chat}?token=${record(tokens.guest({}, 'nobody'))}`, form(fields)],
    [`${chat}?token=${secret()}`, form({ ...fields, token: secret() })],
    [`${chat}?token=${secret()}&token=${secret()}`, form(fields)],
    [chat, form({ ...fields, channel_name: secret(), token: secret() })],
    [`${chat}/%zz?token=${secret()}`, form(fields)],
    [`/nothing/here?token=${secret()}`, form({ token: secret() })],
    ['/broadcasting/auth', form(fields, bearer(record(tokens.user())))],
    ['/broadcasting/auth', form(fields, bearer(secret()))],
    ['/broadcasting/auth', form(fields, { authorization: `Basic ${secret()}` })],
    ['/broadcasting/auth', form(fields, { 'x-guest-session': secret() })],
    ['/broadcasting/auth', form({ ...fields, guest_session: secret() })],
    ['/broadcasting/auth', form({ ...fields, socket_id: secret() }, bearer(secret()))],
    [
      '/broadcasting/auth',
      form(fields, { cookie: `sessionid=${secret()}`, origin: 'https://app.example' }),
    ],
    [
      '/broadcasting/auth',
      form(fields, { cookie: `sessionid=${secret()}`, origin: 'https://evil.example' }),
    ],
    ['/broadcasting/auth', text(`{"socket_id":"${secret()}`, 'application/json')],
    ['/broadcasting/auth', text(`{"token":"${secret()}","token":"x"}`, 'application/json')],
    ['/broadcasting/auth', text(secret(), 'text/plain')],
    ['/broadcasting/auth', text(secret().repeat(20_000), 'application/json')],
    ['/pusher/auth/batch', text(`[{"${secret()}":`, 'application/json', bearer(secret()))],
    ['/pusher/user-auth', form({ socket_id: '1.2' }, bearer(record(tokens.user())))],
    ['/pusher/webhooks', text(secret(), 'application/json', { 'x-pusher-signature': secret() })],
    ['/api/websocket/ticket', text('{}', 'application/json', { ...server, ...bearer(secret()) })],
    [
      '/api/websocket/ticket/redeem',
      text(JSON.stringify({ ticket: secret() }), 'application/json', {
        ...server,
        'x-chat-server-secret': secret(),
      }),
    ],
    [
      '/api/websocket/ticket/redeem',
      text(
        JSON.stringify({ ticket: `ws_ticket_${record(randomBytes(32).toString('hex'))}` }),
        'application/json',
        { ...server, 'x-chat-server-secret': chatServer.secret },
      ),
    ],
    [
      '/api/guest-sessions/link',
      form({}, { ...bearer(record(tokens.user())), 'x-guest-session': secret() }),
    ],
    ['/api/guest-sessions', form({})],
  ];
}

/** Sends all requests; returns the path and the status of each. */
async function sendAll(): Promise<readonly (readonly [string, number])[]> {
  const responses: (readonly [string, number])[] = [];
  for (const [path, init] of requests()) {
    const response = await fetch(usher.publicUrl + path, { ...init, keepalive: false });
    const body = await response.text();
    const { token } = body.startsWith('{') ? (JSON.parse(body) as { token?: string }) : {};
    if (token !== undefined) record(token);
    responses.push([path, response.status]);
  }
  const operator = { authorization: `Bearer ${secret()}` };
  for (const path of ['/metrics', `/decisions/${secret()}?token=${secret()}`]) {
    responses.push([path, (await fetch(usher.operatorUrl + path, { headers: operator })).status]);
  }
  return responses;
}

/** Requests that are no HTTP or exceed the limits of Node. */
async function sendRaw(): Promise<void> {
  const { hostname, port } = new URL(usher.publicUrl);
  for (const bytes of [
    `${secret()}\r\n\r\n`,
    `GET /?token=${secret()} HTTP/1.1\r\nHost: usher\r\nX: ${secret().repeat(2_000)}\r\n\r\n`,
    `POST ${chat}?token=${secret()} HTTP/1.1\r\nHost: usher\r\nContent-Length: ${secret()}\r\n\r\n`,
  ]) {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined).resume();
    socket.write(bytes);
    await once(socket, 'close');
  }
}

/** First messages of a WebSocket, and one after authentication. */
async function talk(ticket?: string): Promise<void> {
  const ticketed = (text: string) =>
    JSON.stringify({ type: 'ticket_authenticate', ticket: text, clientInfo: { note: secret() } });
  const messages = [
    [secret()],
    [ticketed(secret())],
    ...(ticket ? [[ticketed(ticket), secret()]] : []),
  ];
  for (const lines of messages) {
    const socket = new WebSocket(`${usher.publicUrl.replace('http', 'ws')}/ws?token=${secret()}`);
    socket.on('error', () => undefined);
    await once(socket, 'open');
    for (const line of lines) {
      socket.send(line);
      await once(socket, 'message');
    }
    socket.close();
    await once(socket, 'close');
  }
}

/** Every row of every table, as text. */
async function rows(): Promise<string> {
  const tables = await postgres.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'usher'`,
  );
  const all = await Promise.all(
    tables.map(({ name }) => postgres.query(`SELECT t::text FROM ${name} AS t`)),
  );
  expect(all.flat().length).toBeGreaterThan(20);
  return JSON.stringify(all);
}

const statusesOf = (responses: Awaited<ReturnType<typeof sendAll>>) =>
  new Set(responses.map(([, status]) => status));

it('no credential is in a row or in the log, even while the database is unavailable', async () => {
  const ticket = record(ticketIn(await issueTicket(usher)));
  sentSecrets.push(ticket.slice('ws_ticket_'.length));
  const before = await sendAll();
  await sendRaw();
  await talk(ticket);
  await redeemTicket(usher, ticket);

  await postgres.stop();
  const meanwhile = await sendAll();
  await postgres.start();
  // Its lines are written after the responses.
  await sleep(200);

  expect(statusesOf(before)).toEqual(new Set([200, 400, 401, 403, 404, 413, 415]));
  expect(statusesOf(meanwhile)).toContain(503);
  // Clients of the ticket route do not support 503, so it responds 500.
  expect(meanwhile.filter(([, status]) => status === 500).map(([path]) => path)).toEqual([
    '/api/websocket/ticket',
  ]);
  const kept = (await rows()) + usher.output();
  expect(sentSecrets.length).toBeGreaterThan(60);
  expect(sentSecrets.filter((each) => kept.includes(each))).toEqual([]);
  // The search must be able to find a value: the log and the database have the id of the booking.
  expect((await rows()).includes(booking) && usher.output().includes(booking)).toBe(true);
});
