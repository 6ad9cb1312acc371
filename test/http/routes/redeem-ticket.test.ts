import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { testNow } from '../../support/tokens.ts';
import { useUsher, userToken, type TestUsher } from '../../support/usher.ts';
import { receive, raw } from '../../attacks/attacker.ts';
import { send, userRequest } from '../requests.ts';
import type { TestResponse, TestRequest } from '../requests.ts';
import {
  chatServers,
  getTicket,
  issueBody,
  redeemRequest,
  ticketEnvironment,
} from '../ticket-requests.ts';

const hour = 3_600_000;
const refusedWith = (error: string) => [401, JSON.stringify({ success: false, error })];
const invalid = refusedWith('Invalid or expired ticket');
const json = { 'content-type': 'application/json' };

describe('redeeming a ticket', () => {
  const usher = useUsher(ticketEnvironment);
  const hashes: string[] = [];
  afterEach(() => {
    usher.clock.now = testNow;
  });

  const newTicket = async (...how: readonly [body?: unknown, headers?: Record<string, string>]) => {
    const ticket = await getTicket(usher.public, ...how);
    hashes.push(createHash('sha256').update(ticket).digest('hex'));
    return ticket;
  };
  const responseTo = async (request: TestRequest) => {
    const { status, text } = await send(usher.public, request);
    return [status, text];
  };
  const eventsOf = async (response: TestResponse) => {
    const { rows } = await withClient(usher.database, (client) =>
      client.query<Readonly<Record<string, unknown>>>(
        `SELECT a.action, a.outcome, a.code, a.failed_check, a.principal_id, a.tenant_id,
           s.signal, s.principal_id AS signal_principal
         FROM audit_log a LEFT JOIN security_events s USING (decision_id) WHERE decision_id = $1`,
        [response.headers.get('x-decision-id')],
      ),
    );
    return rows;
  };

  it('returns its user, once', async () => {
    const ticket = await newTicket();
    const response = await send(usher.public, redeemRequest(ticket));
    expect([response.status, response.text]).toStrictEqual([
      200,
      '{"success":true,"user":{"userId":"15","entityId":"E-7","entityType":"order","providerResId":"P-3"},"expiresAt":"2025-06-01T13:00:00.000Z"}',
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await eventsOf(response)).toMatchObject([
      { action: 'redeem-ticket', outcome: 'grant', code: null, principal_id: '15', signal: null },
    ]);
    expect(await responseTo(redeemRequest(ticket))).toStrictEqual(invalid);
  });

  it('omits fields that the page did not send', async () => {
    const ticket = await newTicket({ entityId: 'E-7' });
    expect((await responseTo(redeemRequest(ticket)))[1]).toContain(
      '"user":{"userId":"15","entityId":"E-7"},',
    );
  });

  it('accepts `clientInfo` of the chat server, and refuses a malformed one', async () => {
    const ticket = await newTicket();
    const request = redeemRequest(ticket);
    const body = (clientInfo: unknown) => JSON.stringify({ ticket, clientInfo });
    expect(await responseTo({ ...request, body: body('x') })).toStrictEqual([
      400,
      '{"success":false,"error":"clientInfo must be an object"}',
    ]);
    const good = await responseTo({ ...request, body: body(issueBody.clientInfo) });
    expect(good[0]).toBe(200);
  });

  it('accepts one of fifty concurrent requests', async () => {
    const ticket = await newTicket();
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => responseTo(redeemRequest(ticket))),
    );
    expect(responses.filter(([status]) => status === 200)).toHaveLength(1);
    expect(responses.filter(([status]) => status === 401)).toHaveLength(49);
  });

  it('records a replay, with the user of the ticket', async () => {
    const ticket = await newTicket();
    await responseTo(redeemRequest(ticket));
    const response = await send(usher.public, redeemRequest(ticket));
    expect([response.status, response.text]).toStrictEqual(invalid);
    expect(await eventsOf(response)).toStrictEqual([
      {
        action: 'redeem-ticket',
        outcome: 'refusal',
        code: 'ticket-replayed',
        failed_check: 'ticket was not redeemed before',
        principal_id: '15',
        tenant_id: '1',
        signal: 'ticket-replayed',
        signal_principal: '15',
      },
    ]);
  });

  it('reports an expired ticket at each attempt', async () => {
    const ticket = await newTicket();
    usher.clock.now = testNow + hour - 1;
    const other = await newTicket(issueBody, {
      authorization: `Bearer ${userToken({ iat: testNow / 1000 + 3599, exp: testNow / 1000 + 3601 })}`,
    });
    usher.clock.now = testNow + hour;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const response = await send(usher.public, redeemRequest(ticket));
      expect([response.status, response.text]).toStrictEqual(refusedWith('Ticket has expired'));
      expect(await eventsOf(response)).toMatchObject([
        { code: 'ticket-expired', failed_check: 'ticket has not expired' },
      ]);
    }
    expect((await responseTo(redeemRequest(other)))[0]).toBe(200);
  });

  it.each([
    [`ws_ticket_${'0'.repeat(64)}`, 'ticket is stored'],
    ['x', 'text has the form of a ticket'],
    ['ws_ticket_', 'text has the form of a ticket'],
  ])('refuses %s as unknown', async (ticket, failed_check) => {
    const response = await send(usher.public, redeemRequest(ticket));
    expect([response.status, response.text]).toStrictEqual(invalid);
    expect(await eventsOf(response)).toMatchObject([
      { code: 'ticket-unknown', failed_check, principal_id: null, signal: 'authentication-failed' },
    ]);
  });

  it.each([undefined, '', 7, null, ['x'], 'x'.repeat(129)])(
    'refuses %j as a ticket',
    async (ticket) => {
      const response = await responseTo(redeemRequest(ticket));
      expect(response[0]).toBe(400);
      expect(response[1]).toMatch(/^\{"success":false,"error":"ticket [^"]+"\}$/);
    },
  );

  const failed = refusedWith('Authentication failed');
  const missing = refusedWith('Missing authentication headers');
  const ofKey = 'secret is that of the key';
  const known = 'a chat server has this key';
  it.each<[string, Record<string, string | undefined>, unknown[], string]>([
    ['a wrong secret', { 'x-chat-server-secret': `${chatServers['chat-1']}x` }, failed, ofKey],
    ['another server’s secret', { 'x-chat-server-secret': chatServers['chat-2'] }, failed, ofKey],
    ['an unknown server', { 'x-chat-server-key': 'chat-3' }, failed, known],
    ['a key of the object prototype', { 'x-chat-server-key': '__proto__' }, failed, known],
    ['no secret', { 'x-chat-server-secret': undefined }, missing, 'request has a secret'],
    ['no key', { 'x-chat-server-key': undefined }, missing, 'request has a key'],
  ])('refuses %s without redeeming the ticket', async (...[, headers, expected, failed_check]) => {
    const ticket = await newTicket();
    const response = await send(usher.public, redeemRequest(ticket, headers));
    expect([response.status, response.text]).toStrictEqual(expected);
    expect(await eventsOf(response)).toMatchObject([{ failed_check }]);
    expect((await responseTo(redeemRequest(ticket)))[0]).toBe(200);
  });

  it.each(['X-Chat-Server-Key', 'X-Chat-Server-Secret'])('reports a repeated %s', async (name) => {
    const ticket = await newTicket();
    const { path, headers = {}, body = '' } = redeemRequest(ticket);
    const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
    const again = `${name}: ${headers[name.toLowerCase()]!}`;
    const response = await receive(
      usher.public,
      raw(`POST ${path}`, ['Host: usher', ...lines, again], body as string),
    );
    expect([response.status, JSON.parse(response.text)]).toEqual([
      400,
      { success: false, error: `${name} is repeated` },
    ]);
    expect((await responseTo(redeemRequest(ticket)))[0]).toBe(200);
  });

  it('refuses and redeems a ticket for another chat server', async () => {
    const ticket = await newTicket();
    const other = { 'x-chat-server-key': 'chat-2', 'x-chat-server-secret': chatServers['chat-2'] };
    const response = await send(usher.public, redeemRequest(ticket, other));
    expect([response.status, response.text]).toStrictEqual(invalid);
    expect(await eventsOf(response)).toMatchObject([
      { code: 'ticket-of-other-server', failed_check: 'ticket is for this chat server' },
    ]);
    expect(await responseTo(redeemRequest(ticket))).toStrictEqual(invalid);
  });

  it.each<[string, object]>([
    ['user', { user_id: 'leaver' }],
    ['user in the tenant', { user_id: 'leaver', tenant_id: 'closed' }],
    ['token', { token_id: 'stolen' }],
    ['tenant', { tenant_id: 'closed' }],
  ])('is refused after a revocation of the %s', async (_case, subject) => {
    // Each case has its own time, because a revocation is permanent.
    const time = testNow + 1000 * (1 + hashes.length);
    usher.clock.now = time;
    const claims = { sub: 'leaver', tenant_id: 'closed', jti: 'stolen', iat: time / 1000 };
    const headers = { authorization: `Bearer ${userToken(claims)}` };
    const ticket = await newTicket({}, headers);
    const body = JSON.stringify({ ...subject, issued_before: new Date(time + 1).toISOString() });
    const revoked = await send(usher.operator, { path: '/revocations', headers: json, body });
    expect(revoked.status).toBe(200);

    const response = await send(usher.public, redeemRequest(ticket));
    expect([response.status, response.text]).toStrictEqual(invalid);
    expect(await eventsOf(response)).toMatchObject([
      { code: 'revoked', failed_check: 'ticket is not revoked', principal_id: 'leaver' },
    ]);
    await expect(getTicket(usher.public, {}, headers)).rejects.toThrow(
      'Invalid authentication token',
    );
    const later = { ...claims, iat: time / 1000 + 1 };
    usher.clock.now = time + 1000;
    const fresh = await newTicket({}, { authorization: `Bearer ${userToken(later)}` });
    expect((await responseTo(redeemRequest(fresh)))[0]).toBe(200);
  });

  it('stores only the hash, neither the ticket nor the token', async () => {
    const token = userToken({ jti: 'at-rest' });
    const ticket = await newTicket(issueBody, { authorization: `Bearer ${token}` });
    await responseTo(redeemRequest(ticket));
    const kept = await allRows(usher);
    expect(kept).toContain(hashes.at(-1));
    expect(kept).toContain('at-rest');
    for (const secret of [ticket, ticket.slice(10), token, ...token.split('.')]) {
      expect(kept.includes(secret)).toBe(false);
    }
  });
});

/** Every row of every table as text. */
async function allRows(usher: Pick<TestUsher, 'database'>): Promise<string> {
  return withClient(usher.database, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'usher'`,
    );
    const texts: string[] = [];
    for (const { name } of rows) {
      const found = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(...found.rows.map(({ row }) => row));
    }
    return texts.join('\n');
  });
}

describe('a ticket while Redis is down', () => {
  // Nothing listens there.
  const usher = useUsher({ ...ticketEnvironment, REDIS_URL: 'redis://:secret-word@127.0.0.1:1' });

  it('is issued and redeemed once, because PostgreSQL stores it', async () => {
    const ticket = await getTicket(usher.public);
    expect((await send(usher.public, redeemRequest(ticket))).status).toBe(200);
    expect((await send(usher.public, redeemRequest(ticket))).status).toBe(401);
  });

  it('does not affect readiness, and limits are counted locally', async () => {
    const ready = await send(usher.operator, { path: '/readyz', method: 'GET' });
    expect([ready.status, ready.body]).toStrictEqual([200, { status: 'ready', limits: 'local' }]);
    expect((await send(usher.public, userRequest())).status).toBe(200);
  });
});
