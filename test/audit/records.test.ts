import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from 'pg';
import { createWriteDecision } from '../../src/audit/write-event.ts';
import { refuse } from '../../src/policy/decision.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createStrictAuditQueue } from '../../src/audit/queue.ts';
import { grantOf } from '../pusher/grants.ts';
import { withClient } from '../support/database.ts';
import { useUsher, userToken } from '../support/usher.ts';
import { send, type TestResponse } from '../http/requests.ts';

const decisionId = (response: TestResponse) => response.headers.get('x-decision-id');

describe('the audit log', () => {
  const usher = useUsher();
  const query = (run: (client: Client) => Promise<{ rows: unknown[] }>) =>
    withClient(usher.database, async (client) => (await run(client)).rows);
  /** The row of a decision, with its signals. */
  const rowOf = async (response: TestResponse) =>
    query((client) =>
      client.query(
        `SELECT action, outcome, code, principal_kind, a.principal_id, signal
         FROM audit_log a LEFT JOIN security_events USING (decision_id) WHERE decision_id = $1`,
        [decisionId(response)],
      ),
    );
  const row = (action: string, code: string | null, principal: readonly string[] = []) => ({
    action,
    outcome: code === null ? 'grant' : 'refusal',
    code,
    principal_kind: principal[0] ?? null,
    principal_id: principal[1] ?? null,
    signal: code === null || code === 'not-allowed' ? null : 'authentication-failed',
  });
  const bearer = (sub: string) => ({
    authorization: `Bearer ${userToken({ sub, tenant_id: undefined })}`,
  });
  const start = async () =>
    (await send(usher.public, { path: '/api/guest-sessions' })).body as {
      guest_session_id: string;
      token: string;
    };
  const link = (headers: Readonly<Record<string, string>>) =>
    send(usher.public, { path: '/api/guest-sessions/link', headers });
  const logOut = (headers: Readonly<Record<string, string>>) =>
    send(usher.public, { path: '/api/guest-sessions/current', method: 'DELETE', headers });

  it('has a row for a linked guest session, for a refused link, and for the end of the session', async () => {
    const session = await start();
    const guest = { 'x-guest-session': session.token };
    const linked = await link({ ...bearer('15'), ...guest });
    expect(linked.status).toBe(200);
    expect(await rowOf(linked)).toEqual([row('link-guest-session', null, ['user', '15'])]);
    const stolen = await link({ ...bearer('16'), ...guest });
    expect(stolen.status).toBe(403);
    expect(await rowOf(stolen)).toEqual([row('link-guest-session', 'not-allowed', ['user', '16'])]);
    const ended = await logOut(guest);
    expect(ended.status).toBe(204);
    const principal = ['guest-session', session.guest_session_id];
    expect(await rowOf(ended)).toEqual([row('end-guest-session', null, principal)]);
    const again = await logOut(guest);
    expect(again.status).toBe(401);
    expect(await rowOf(again)).toEqual([row('end-guest-session', 'credential-rejected')]);
  });

  it.each([
    ['none', {}, 'credential-missing'],
    ['no token', { authorization: 'Bearer nonsense' }, 'credential-malformed'],
    ['a forged token', { authorization: `Bearer ${userToken()}x` }, 'credential-rejected'],
    [
      'an expired token',
      { authorization: `Bearer ${userToken({ exp: 1, iat: 0 })}` },
      'credential-expired',
    ],
  ])('has a row for each failed credential of other routes: %s', async (_case, headers, code) => {
    const listed = await send(usher.public, { path: '/api/channels', method: 'GET', headers });
    expect(listed.status).toBe(401);
    expect(await rowOf(listed)).toEqual([row('list-channels', code)]);
    const linked = await link(headers);
    expect(linked.status).toBe(401);
    expect(await rowOf(linked)).toEqual([row('link-guest-session', code)]);
  });

  it('has a row for a malformed list request', async () => {
    const request = { path: '/api/channels?after=nonsense', method: 'GET', headers: bearer('15') };
    const unread = await send(usher.public, request);
    expect(unread.status).toBe(400);
    expect(await rowOf(unread)).toMatchObject([
      { action: 'list-channels', outcome: 'refusal', code: 'malformed-request' },
    ]);
  });

  it('has rows that the decision id finds', async () => {
    const refused = await link({});
    const found = await send(usher.operator, {
      path: `/decisions/${decisionId(refused)}`,
      method: 'GET',
    });
    expect([found.status, found.body]).toMatchObject([
      200,
      { action: 'link-guest-session', outcome: 'refusal', code: 'credential-missing' },
    ]);
  });

  it('has a row for a request that the operator’s port refused', async () => {
    const foreign = {
      path: '/metrics',
      method: 'GET',
      headers: { origin: 'https://evil.example' },
    };
    const response = await send(usher.operator, foreign);
    expect(response.status).toBe(403);
    const rows = await query((client) =>
      client.query(`SELECT signal, address FROM security_events WHERE request_id = $1`, [
        response.headers.get('x-request-id'),
      ]),
    );
    expect(rows).toEqual([{ signal: 'cross-origin', address: '127.0.0.1' }]);
  });
});

describe('the operator’s port with a token', () => {
  const usher = useUsher({ OPS_TOKEN: 'an-operator-token-for-tests' });
  const rows = () =>
    withClient(usher.database, async (client) => {
      const { rows } = await client.query<{ signal: string; n: number }>(
        'SELECT signal, count(*)::int AS n FROM security_events GROUP BY signal',
      );
      return rows;
    });

  it('writes a row for each wrong token, up to a limit', async () => {
    const attempt = () =>
      send(usher.operator, {
        path: '/metrics',
        method: 'GET',
        headers: { authorization: 'Bearer x' },
      });
    expect((await attempt()).status).toBe(401);
    expect(await rows()).toEqual([{ signal: 'authentication-failed', n: 1 }]);
    const responses = await Promise.all(Array.from({ length: 100 }, attempt));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
    expect(await rows()).toEqual([{ signal: 'authentication-failed', n: 60 }]);
  });
});

describe('the log', () => {
  const lines: string[] = [];
  afterEach(() => lines.splice(0));
  const origin = { requestId: 'r', address: '127.0.0.1' };
  const grant = grantOf({ socketId: '1.1', channelName: 'private-a.1' });

  it.each([
    ['a grant', grant],
    ['a refusal', refuse({ id: 'd', action: 'subscribe', checks: [] }, 'credential-missing')],
  ])('does not report %s for a decision that could not be written', async (_case, decision) => {
    let counted = 0;
    const record = createWriteDecision({
      auditLog: createStrictAuditQueue(() => Promise.reject(new Unavailable('database'))),
      limitRefusal: () => Promise.resolve('written'),
      log: {
        info: (_line, message) => lines.push(message),
        warn: (_line, message) => lines.push(message),
      },
      observers: [() => (counted += 1)],
      policy: () => ({ hash: '0123456789abcdef', codes: new Map() }),
      now: () => 0,
    });
    await expect(record(decision, origin)).rejects.toThrow(Unavailable);
    expect([lines, counted]).toEqual([
      ['responded with 503: the decision could not be written to the audit log'],
      0,
    ]);
  });
});

describe('two session cookies', () => {
  const usher = useUsher({
    SESSION_MODE: 'introspect',
    SESSION_INTROSPECTION_URL: 'http://127.0.0.1:4999/session',
  });

  it.each([
    ['/broadcasting/auth', 'POST', 'subscribe'],
    ['/broadcasting/user-auth', 'POST', 'sign-in'],
    ['/api/channels', 'GET', 'list-channels'],
  ])('at %s get 400 and a row', async (path, method, action) => {
    const response = await send(usher.public, {
      path,
      method,
      headers: { cookie: 'sessionid=a; sessionid=b', origin: 'https://app.example' },
      ...(method === 'POST' && {
        body: new URLSearchParams({ socket_id: '1.1', channel_name: 'private-chat-box' }),
      }),
    });
    expect(response.status).toBe(400);
    const found = await send(usher.operator, {
      path: `/decisions/${decisionId(response)}`,
      method: 'GET',
    });
    expect([found.status, found.body]).toMatchObject([200, { action, outcome: 'refusal' }]);
  });
});
