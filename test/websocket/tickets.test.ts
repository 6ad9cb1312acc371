import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { send, userRequest } from '../http/requests.ts';
import { getTicket, issueBody, redeemRequest, ticketEnvironment } from '../http/ticket-requests.ts';
import { withClient } from '../support/database.ts';
import { metric } from '../support/metrics.ts';
import { testNow, testSeconds } from '../support/tokens.ts';
import { startUsher, userToken, type TestUsher } from '../support/usher.ts';
import { openClient, startUpstream, type TestUpstream } from '../support/web-socket.ts';
import { settle, ticketMessage, until } from './test-endpoint.ts';

let upstream: TestUpstream;
let usher: TestUsher;

beforeAll(async () => {
  upstream = await startUpstream();
  usher = await startUsher({ ...ticketEnvironment, WS_UPSTREAM: upstream.url });
});

afterAll(async () => {
  await usher.stop();
  await upstream.stop();
});

beforeEach(() => {
  usher.clock.now = testNow;
});

const show = async (ticket: string, at = usher) => {
  const client = await openClient(at.public, '/ws');
  client.socket.send(ticketMessage(ticket));
  return { client, response: (await client.nextJson()) as { type: string; error?: string } };
};

/** A client that authenticated with a token of these claims, and its connection at the chat server. */
const enter = async (claims = {}, at = usher) => {
  const bearer = { authorization: `Bearer ${userToken({ ...claims })}` };
  const { client, response: reply } = await show(
    await getTicket(at.public, { ...issueBody, userId: undefined }, bearer),
    at,
  );
  expect(reply.type).toBe('authentication_success');
  const server = await upstream.next();
  await settle(server);
  return { client, server };
};

const revoke = (body: object, at = usher) =>
  send(at.operator, {
    path: '/revocations',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const inFuture = new Date(testNow + 1_000).toISOString();

describe('a ticket from the chat page', () => {
  it('opens GET /ws, and its chat server receives the identity', async () => {
    const { client, server } = await enter({ roles: ['member'] });
    expect(server.headers).toMatchObject({
      'x-usher-user-id': '15',
      'x-usher-tenant-id': '1',
      'x-usher-roles': 'member',
      'x-usher-entity-id': 'E-7',
      'x-usher-entity-type': 'order',
      'x-usher-provider-res-id': 'P-3',
    });
    client.socket.send('hello');
    expect(await server.next()).toBe('hello');
  });

  it('opens a connection that counts for its tenant, as do its messages', async () => {
    const figures = async () => {
      const { text } = await send(usher.operator, { path: '/metrics', method: 'GET' });
      const of = (name: string, labels: string) => metric(text, name, labels) ?? 0;
      const each = (direction: string) => [
        of('usher_websocket_messages_total', `direction="${direction}",tenant="figures"`),
        of('usher_websocket_delivery_seconds_count', `direction="${direction}"`),
      ];
      const open = of('usher_websocket_connections', 'tenant="figures"');
      return { open, up: each('from_client'), down: each('to_client') };
    };
    const { up, down } = await figures();
    const { client, server } = await enter({ tenant_id: 'figures' });
    client.socket.send('one');
    client.socket.send('two');
    expect([await server.next(), await server.next()]).toEqual(['one', 'two']);
    server.socket.send('three');
    expect(await client.next()).toBe('three');
    await settle(server);
    expect(await figures()).toEqual({
      open: 1,
      up: [2, up[1]! + 2],
      down: [1, down[1]! + 1],
    });
    client.socket.close();
    await server.closed;
    await client.closed;
    expect((await figures()).open).toBe(0);
  });

  it('opens it once, in twenty concurrent attempts', async () => {
    const ticket = await getTicket(usher.public);
    const attempts = await Promise.all(Array.from({ length: 20 }, () => show(ticket)));
    const types = attempts.map(({ response: reply }) => reply.error ?? reply.type).sort();
    expect(types).toEqual([
      ...Array.from({ length: 19 }, () => 'Invalid or expired ticket'),
      'authentication_success',
    ]);
    for (const { client } of attempts) client.socket.close();
    await upstream.next();
  });

  it('opens it after the chat server refused and recovered, and then never again', async () => {
    let isHealthy = false;
    const behind = await startUpstream(() => isHealthy);
    const own = await startUsher({ ...ticketEnvironment, WS_UPSTREAM: behind.url });
    onTestFinished(async () => {
      await own.stop();
      await behind.stop();
    });
    const ticket = await getTicket(own.public);
    const refused = await show(ticket, own);
    expect(refused.response.error).toBe('Authentication failed');
    expect((await refused.client.closed).code).toBe(1014);
    isHealthy = true;
    const { client, response: reply } = await show(ticket, own);
    expect(reply.type).toBe('authentication_success');
    const server = await behind.next();
    client.socket.send('hello');
    expect(await server.next()).toBe('hello');
    expect((await show(ticket, own)).response.error).toBe('Invalid or expired ticket');
  });

  it('does not open it after a chat server redeemed it', async () => {
    const ticket = await getTicket(usher.public);
    expect((await send(usher.public, redeemRequest(ticket))).status).toBe(200);
    expect((await show(ticket)).response.error).toBe('Invalid or expired ticket');
  });

  it('does not open it after its expiry', async () => {
    const ticket = await getTicket(usher.public);
    usher.clock.now += 3_600_000;
    expect((await show(ticket)).response.error).toBe('Ticket has expired');
  });

  it('does not open it after a revocation of its token', async () => {
    const bearer = { authorization: `Bearer ${userToken({ jti: 'lost' })}` };
    const ticket = await getTicket(usher.public, issueBody, bearer);
    await revoke({ token_id: 'lost', issued_before: inFuture });
    expect((await show(ticket)).response.error).toBe('Invalid or expired ticket');
  });

  it('writes a row for each attempt', async () => {
    const bearer = { authorization: `Bearer ${userToken({ sub: 'u0' })}` };
    const ticket = await getTicket(usher.public, { ...issueBody, userId: 'u0' }, bearer);
    await show(ticket);
    await upstream.next();
    await show(ticket);
    const { rows } = await withClient(usher.database, (client) =>
      client.query(
        `SELECT outcome, code FROM audit_log WHERE action = 'redeem-ticket' AND principal_id = 'u0' ORDER BY outcome`,
      ),
    );
    expect(rows).toEqual([
      { outcome: 'grant', code: null },
      { outcome: 'refusal', code: 'ticket-replayed' },
    ]);
  });
});

describe('a connection', () => {
  it('ends when the token of its ticket expires', async () => {
    const { client, server } = await enter({ exp: testSeconds + 25 });
    usher.clock.advance(24_999);
    await settle(client);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    usher.clock.advance(1);
    expect((await client.closed).code).toBe(4001);
    expect((await server.closed).code).toBe(4001);
  });

  it('ends immediately when the operator revokes it; connections of others stay open', async () => {
    const [one, other] = [await enter({ sub: 'u1' }), await enter({ sub: 'u2' })];
    const { body } = await revoke({ user_id: 'u1', issued_before: inFuture });
    expect(body).toMatchObject({
      effects: [
        { effect: 'new-authorizations-refused' },
        { effect: 'tickets-refused' },
        { effect: 'websockets-closed', connections: 1 },
        { effect: 'pusher-connections-stay', server: 'pusher', which: 'not signed in' },
      ],
    });
    expect((await one.client.closed).code).toBe(4003);
    expect((await one.server.closed).code).toBe(4003);
    other.client.socket.send('still here');
    expect(await other.server.next()).toBe('still here');
  });

  it('ends immediately when it is revoked on another replica, which refuses it as well', async () => {
    const other = await startUsher({ DATABASE_URL: usher.database.reveal() });
    const { client } = await enter({ sub: 'u3' });
    const { client: bystander } = await enter({ sub: 'u4' });
    const started = performance.now();
    await revoke({ user_id: 'u3', issued_before: inFuture }, other);
    const written = performance.now();
    const request = { headers: { authorization: `Bearer ${userToken({ sub: 'u3' })}` } };
    const refused = await send(usher.public, userRequest(request));
    expect(refused.status).toBe(401);
    const responded = performance.now();
    expect((await client.closed).code).toBe(4003);
    // No clock was advanced: the notification was received, and no revalidation ran.
    expect(bystander.socket.readyState).toBe(client.socket.OPEN);
    const since = (time: number) => `${(time - started).toFixed(0)} ms`;
    console.log(
      `revoked on A after ${since(written)}, refused on B after ${since(responded)}, ` +
        `WebSocket on B closed after ${since(performance.now())}`,
    );
    await other.stop();
  });

  it('gets a close frame when Usher closes, and Usher waits for it', async () => {
    const own = await startUsher({ ...ticketEnvironment, WS_UPSTREAM: upstream.url });
    const { client, server } = await enter({}, own);
    const stopped = own.stop();
    expect((await client.closed).code).toBe(1001);
    expect((await server.closed).code).toBe(1001);
    await stopped;
    await until(() => own.clock.waiting() === 0);
  });
});
