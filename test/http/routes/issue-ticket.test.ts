import { describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { testNow, testSeconds } from '../../support/tokens.ts';
import { allowedOrigin, guestToken, useUsher, userToken } from '../../support/usher.ts';
import { send } from '../requests.ts';
import type { TestResponse, TestRequest, Texts } from '../requests.ts';
import { issueRequest, issueBody, redeemRequest, ticketEnvironment } from '../ticket-requests.ts';

const hour = 3_600_000;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a request for a ticket', () => {
  const usher = useUsher({ ...ticketEnvironment, USER_TOKEN_MAX_AGE: '24h' });
  const responseTo = async (request: TestRequest) => {
    const { status, text } = await send(usher.public, request);
    return [status, text];
  };
  const rowOf = async (response: TestResponse) => {
    const id = response.headers.get('x-decision-id');
    const { rows } = await withClient(usher.database, (client) =>
      client.query<Readonly<Record<string, unknown>>>(
        `SELECT action, outcome, code, principal_kind, principal_id, tenant_id, request_id,
           ARRAY(SELECT signal FROM security_events s WHERE s.decision_id = a.decision_id) AS signals
         FROM audit_log a WHERE decision_id = $1`,
        [id],
      ),
    );
    return rows;
  };

  it.each<[string, unknown]>([
    ['all fields that a page sends', issueBody],
    ['an empty object', {}],
    ['no user, which means the user of the token', { ...issueBody, userId: undefined }],
    [
      'null for fields that the page does not have',
      { userId: null, entityId: null, clientInfo: null },
    ],
    ['an ISO timestamp', { clientInfo: { timestamp: '2025-06-01T12:00:00Z' } }],
    ['more fields about the client', { clientInfo: { screen: { width: 1 }, language: 'de' } }],
  ])('returns a ticket for %s', async (_case, body) => {
    const response = await send(usher.public, issueRequest(body));
    expect(response.status).toBe(200);
    expect(response.text).toMatch(
      /^\{"success":true,"ticket":"ws_ticket_[0-9a-f]{64}","expiresAt":"2025-06-01T13:00:00\.000Z"\}$/,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('returns a ticket without a body, and for a path with a trailing slash', async () => {
    const { path, headers } = issueRequest();
    const { authorization, 'x-chat-server-key': key } = headers as Texts;
    const credentials = { authorization: authorization!, 'x-chat-server-key': key! };
    const [status, text] = await responseTo({ path: `${path}/`, headers: credentials });
    expect([status, text]).toStrictEqual([200, expect.stringContaining('"success":true')]);
  });

  it.each([
    ['two hours', 8 * hour, 2 * hour],
    ['the lifetime of the token', hour / 4, hour / 4],
  ])('limits the lifetime of the ticket to %s', async (_case, tokenLife, ticketLife) => {
    const token = userToken({ exp: testSeconds + tokenLife / 1000 });
    const response = await send(usher.public, issueRequest(issueBody, bearer(token)));
    expect(response.body).toMatchObject({
      expiresAt: new Date(testNow + ticketLife).toISOString(),
    });
  });

  it('never returns the same ticket twice', async () => {
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => send(usher.public, issueRequest())),
    );
    const tickets = responses.map(({ body }) => (body as { readonly ticket: string }).ticket);
    expect(new Set(tickets).size).toBe(20);
  });

  const missing = '{"success":false,"error":"Missing authentication headers"}';
  const invalid = '{"success":false,"error":"Invalid authentication token"}';
  const without = { authorization: undefined, 'x-chat-server-key': undefined };
  it.each<[string, string, TestRequest, readonly [number, string]]>([
    ['no headers', 'credential-missing', issueRequest({}, without), [401, missing]],
    [
      'no token',
      'credential-missing',
      issueRequest({}, { authorization: undefined }),
      [401, missing],
    ],
    [
      'no key',
      'server-key-missing',
      issueRequest({}, { 'x-chat-server-key': undefined }),
      [401, missing],
    ],
    [
      'an empty key',
      'server-key-missing',
      issueRequest({}, { 'x-chat-server-key': '' }),
      [401, missing],
    ],
    [
      'an unknown key',
      'server-key-rejected',
      issueRequest({}, { 'x-chat-server-key': 'chat-3' }),
      [401, invalid],
    ],
    [
      'a key of the object prototype',
      'server-key-rejected',
      issueRequest({}, { 'x-chat-server-key': 'constructor' }),
      [401, invalid],
    ],
    ['a malformed token', 'credential-malformed', issueRequest({}, bearer('x')), [401, invalid]],
    [
      'another scheme',
      'credential-malformed',
      issueRequest({}, { authorization: 'Token eDp5' }),
      [401, invalid],
    ],
    [
      'the password of a protected site',
      'credential-missing',
      issueRequest({}, { authorization: 'Basic eDp5' }),
      [401, missing],
    ],
    [
      'an expired token',
      'credential-expired',
      issueRequest({}, bearer(userToken({ exp: testSeconds }))),
      [401, invalid],
    ],
    [
      'a guest’s token',
      'credential-rejected',
      issueRequest({}, bearer(guestToken())),
      [401, invalid],
    ],
    [
      'another user',
      'wrong-user',
      issueRequest({ ...issueBody, userId: '16' }),
      [403, '{"success":false,"error":"A ticket is issued to yourself only"}'],
    ],
    [
      'a user that resembles the user of the token',
      'wrong-user',
      issueRequest({ userId: '15 ' }),
      [403, '{"success":false,"error":"A ticket is issued to yourself only"}'],
    ],
  ])('refuses %s, and records it as %s', async (...[, code, request, expected]) => {
    const headers = { ...request.headers, origin: allowedOrigin };
    const response = await send(usher.public, { ...request, headers });
    expect([response.status, response.text]).toStrictEqual(expected);
    expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    const isKnown = code === 'wrong-user';
    expect(await rowOf(response)).toStrictEqual([
      {
        action: 'issue-ticket',
        outcome: 'refusal',
        code,
        principal_kind: isKnown ? 'user' : null,
        principal_id: isKnown ? '15' : null,
        tenant_id: isKnown ? '1' : null,
        request_id: response.headers.get('x-request-id'),
        signals: isKnown ? [] : ['authentication-failed'],
      },
    ]);
  });

  it('writes a row for an issued ticket', async () => {
    const response = await send(usher.public, issueRequest());
    expect(await rowOf(response)).toMatchObject([
      { action: 'issue-ticket', outcome: 'grant', code: null, principal_id: '15', signals: [] },
    ]);
  });

  it.each<[unknown, string]>([
    ['{', 'The body is not JSON'],
    ['[]', 'The body must be a JSON object'],
    ['{"userId":"15","userId":"16"}', 'userId is repeated'],
    ['{"clientInfo":{"a":{"b":{"c":{}}}}}', 'The body is nested too deeply'],
    [{ userId: 15 }, 'userId must be a text'],
    [{ userId: ['15'] }, 'userId is repeated'],
    [{ entityId: {} }, 'entityId must be a text'],
    [{ entityId: 'a\u0000b' }, 'entityId is malformed'],
    [{ entityType: 'a\u200bb' }, 'entityType is malformed'],
    [{ providerResId: 'x'.repeat(256) }, 'providerResId is too long'],
    [{ clientInfo: 'Mozilla' }, 'clientInfo must be an object'],
    [{ clientInfo: [] }, 'clientInfo must be an object'],
    [{ clientInfo: { userAgent: 7 } }, 'userAgent must be a text'],
    [{ clientInfo: { userAgent: 'x'.repeat(1025) } }, 'userAgent is too long'],
    [{ clientInfo: { timestamp: true } }, 'timestamp must be a text'],
  ])('refuses the body %j', async (body, error) => {
    expect(await responseTo(issueRequest(body))).toStrictEqual([
      400,
      JSON.stringify({ success: false, error }),
    ]);
  });

  it.each([
    ['application/x-www-form-urlencoded', 'userId=15', 'The body must be JSON'],
    ['text/plain', 'userId=15', 'The Content-Type must be application/json'],
    ['text/plain', '{"userId":"15"}', 'The Content-Type must be application/json'],
    ['application/jsonx', '{"userId":"15"}', 'The Content-Type must be application/json'],
    ['garbage', '{"userId":"15"}', 'The Content-Type must be application/json'],
  ])('does not accept %s with %s', async (type, body, error) => {
    expect(await responseTo(issueRequest(body, { 'content-type': type }))).toStrictEqual([
      415,
      JSON.stringify({ success: false, error }),
    ]);
  });
});

describe('a request for a ticket when the store fails', () => {
  const usher = useUsher(ticketEnvironment);
  const rename = (from: string, to: string) =>
    withClient(usher.database, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));

  it('gets 500 with the error text of the page; redeeming gets 503', async () => {
    await rename('tickets', 'elsewhere');
    try {
      const issued = await send(usher.public, issueRequest());
      expect([issued.status, issued.text]).toStrictEqual([
        500,
        '{"success":false,"error":"Failed to generate ticket"}',
      ]);
      const redeemed = await send(usher.public, redeemRequest(`ws_ticket_${'0'.repeat(64)}`));
      expect([redeemed.status, redeemed.text]).toStrictEqual([
        503,
        '{"success":false,"error":"Try again in a moment"}',
      ]);
      expect(redeemed.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
    } finally {
      await rename('elsewhere', 'tickets');
    }
  });

  it.each(['revocations', 'audit_log'])('gets 503 while %s is unavailable', async (table) => {
    await rename(table, 'elsewhere');
    try {
      expect((await send(usher.public, issueRequest())).status).toBe(500);
    } finally {
      await rename('elsewhere', table);
    }
  });
});
