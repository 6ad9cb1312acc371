import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { useUsher } from '../../support/usher.ts';
import { withoutDatabase } from '../openapi/fixture.ts';
import { send, userRequest } from '../requests.ts';

const headers = { 'content-type': 'application/json' };

interface TrialResponse {
  readonly status: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const post = async (base: string, path: string, body: unknown): Promise<TrialResponse> => {
  const request = { method: 'POST', path, headers, body: JSON.stringify(body) };
  const { status, text } = await send(base, request);
  return { status, text, body: JSON.parse(text) as Readonly<Record<string, unknown>> };
};

const shipped = readFileSync('policies/tenants/policy.yaml', 'utf8');
const shippedTests = readFileSync('policies/tenants/policy.test.yaml', 'utf8');

describe('POST /policy/try', () => {
  const usher = useUsher({ POLICY: 'policies/tenants' });
  const tryFiles = (files: Readonly<Record<string, string>>) =>
    post(usher.operator, '/policy/try', {
      files: Object.entries(files).map(([name, content]) => ({ name, content })),
    });
  const rows = () =>
    withClient(usher.database, async (client) => {
      await client.query("SET usher.operator = 'on'");
      const counted = await client.query<{ readonly count: string }>(
        'SELECT (SELECT count(*) FROM usher.audit_log) + (SELECT count(*) FROM usher.security_events) AS count',
      );
      return counted.rows[0]?.count;
    });

  it('runs the tests of the policy, and lists the decisions that the policy would change', async () => {
    expect((await send(usher.public, userRequest())).status).toBe(200);
    // The changes are listed by the time of their decisions.
    usher.clock.now += 1;
    const other = userRequest({ fields: { channel_name: 'private-tenant.1.user.16' } });
    expect((await send(usher.public, other)).status).toBe(403);
    const before = [await rows(), (await post(usher.operator, '/policy/reload', {})).body];

    const same = await tryFiles({ 'policy.yaml': shipped, 'policy.test.yaml': shippedTests });
    expect(same.body).toMatchObject({
      problems: [],
      tests: { failed: [], not_run: 0, uncovered: [] },
      decisions: { replayed: 2, changed: 0, changes: [] },
    });

    expect(shipped).toContain('user.id == params.userId');
    const changed = shipped.replace('user.id == params.userId', "params.userId == '16'");
    const tried = await tryFiles({ 'policy.yaml': changed, 'policy.test.yaml': shippedTests });
    expect(tried.body).toMatchObject({
      decisions: {
        changed: 2,
        changes: [
          {
            channel: 'private-tenant.1.user.16',
            principal: { kind: 'user', id: '15' },
            before: { outcome: 'refusal', code: 'not-allowed' },
            after: { outcome: 'grant' },
          },
          { before: { outcome: 'grant' }, after: { outcome: 'refusal' } },
        ],
      },
    });
    expect(JSON.stringify(tried.body['tests'])).toContain('may enter private-tenant.1.user');

    expect([await rows(), (await post(usher.operator, '/policy/reload', {})).body]).toEqual(before);
    expect((await send(usher.public, userRequest())).status).toBe(200);
  });

  it('lists the problems of the files with their places', async () => {
    const mistake = shipped.replace('user.id == params.userId', 'user.id == params.userld');
    const { status, body } = await tryFiles({ 'policy.yaml': mistake });
    expect([status, Object.keys(body)]).toEqual([200, ['problems']]);
    expect(body['problems']).toEqual([expect.stringMatching(/^policy\.yaml:\d+:\d+: .*userld/)]);
  });

  it.each([
    ['a module', { 'policy.ts': 'process.exit(1)' }],
    ['a module beside a policy', { 'policy.yaml': shipped, 'more.mjs': 'process.exit(1)' }],
    ['only tests', { 'policy.test.yaml': shippedTests }],
    ['another file', { Makefile: 'all:' }],
  ])('does not accept %s', async (_case, files) => {
    const { status, body } = await tryFiles(files);
    expect([status, Object.keys(body)]).toEqual([200, ['problems']]);
  });

  it('refuses paths as names, and too much text', async () => {
    for (const name of [
      '../policy.yaml',
      '/etc/policy.yaml',
      'a/b.yaml',
      '',
      '.yaml',
      'a\n.yaml',
    ]) {
      expect([name, (await tryFiles({ [name]: shipped })).status]).toEqual([name, 400]);
    }
    const long = '#'.repeat(128 * 1024);
    expect((await tryFiles({ 'policy.yaml': long })).status).toBe(413);
  });

  it('runs one trial at a time', async () => {
    const files = { 'policy.yaml': shipped, 'policy.test.yaml': shippedTests };
    // A transaction that locks the table delays one of them until it ends.
    await withClient(usher.database, async (client) => {
      await client.query('BEGIN; LOCK TABLE usher.audit_log IN ACCESS EXCLUSIVE MODE');
      const both = [tryFiles(files), tryFiles(files)];
      expect((await Promise.race(both)).status).toBe(429);
      await client.query('ROLLBACK');
      const statuses = (await Promise.all(both)).map(({ status }) => status);
      expect(statuses.sort()).toEqual([200, 429]);
    });
    expect((await tryFiles(files)).status).toBe(200);
  });

  it('gets 503 if the decisions cannot be read', async () => {
    await withoutDatabase(usher, async () => {
      const { status, text } = await tryFiles({ 'policy.yaml': shipped });
      expect([status, text]).toEqual([503, expect.stringContaining('Service Unavailable')]);
    });
  });

  it('is not on the public port', async () => {
    for (const path of ['/policy/try', '/policy/expression']) {
      expect((await post(usher.public, path, {})).status).toBe(404);
    }
  });
});

describe('POST /policy/expression', () => {
  const usher = useUsher({ POLICY: 'policies/tenants' });
  const evaluate = (body: object) => post(usher.operator, '/policy/expression', body);
  const user = { kind: 'user', id: '15', tenant: '1' };
  const channel = 'private-tenant.1.escrow.77';

  it('evaluates with an invented principal, parameters and facts', async () => {
    const expression = "facts.e.buyer_id == user.id && params.a == 'x' && 'admin' in user.roles";
    const fields = { buyer_id: '15', seller_id: '16', status: 'open' };
    const given = { params: { a: 'x' }, facts: { e: { kind: 'escrow', fields } } };
    const principal = { ...user, roles: ['admin'] };
    expect((await evaluate({ expression, principal, ...given })).body).toMatchObject({
      type: 'bool',
      value: true,
      missing: [],
      values: { user: { id: '15', roles: ['admin'], tenant: '1' }, params: { a: 'x' } },
    });
    expect((await evaluate({ expression, principal: user, ...given })).body).toMatchObject({
      value: false,
    });
  });

  it('reads the parameters and the facts of a channel', async () => {
    const request = { expression: 'facts.escrow.buyer_id', principal: user, channel };
    expect((await evaluate(request)).body).toMatchObject({ missing: ['escrow'], type: 'string' });
    const put = { method: 'PUT', path: '/facts/escrow/1/77', headers };
    const fields = { buyer_id: '15', seller_id: '16', status: 'open' };
    await send(usher.operator, { ...put, body: JSON.stringify(fields) });
    const { body } = await evaluate(request);
    expect(body).toMatchObject({ type: 'string', value: '15', missing: [] });
    expect(body).toMatchObject({ values: { params: { tenantId: '1', escrowId: '77' } } });
  });

  it('reads the principal and the channel of a recorded decision', async () => {
    const { headers: received } = await send(usher.public, userRequest());
    const decision = received.get('x-decision-id');
    const expression = 'user.id == params.userId';
    expect((await evaluate({ expression, decision })).body).toMatchObject({ value: true });
    const principal = { ...user, id: '16' };
    expect((await evaluate({ expression, decision, principal })).body).toMatchObject({
      value: false,
    });
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect((await evaluate({ expression, decision: unknown })).status).toBe(400);
  });

  it('reports the place of a mistake', async () => {
    const request = { principal: user, channel: 'private-tenant.1.user.15' };
    const cases = [
      ['user.id ==\n  params.userld', 2, 'did you mean userId'],
      ['user.id == 15', 1, ''],
      ['user.id ==', 1, ''],
      ['facts.escrow', 1, ''],
      ['visitor.id', 1, 'visitor'],
      ['user', 1, 'must be'],
    ] as const;
    for (const [expression, line, message] of cases) {
      const { body } = await evaluate({ ...request, expression });
      expect([expression, body]).toEqual([
        expression,
        expect.objectContaining({
          problem: {
            message: expect.stringContaining(message) as unknown,
            line,
            column: expect.any(Number) as unknown,
          },
        }),
      ]);
    }
  });

  it('has no value if the evaluation fails', async () => {
    const { body } = await evaluate({ expression: 'user.roles[0]', principal: user });
    expect(body).toMatchObject({ type: 'string' });
    expect(body).not.toHaveProperty('value');
  });

  it.each([
    ['an unknown channel', { channel: 'private-none' }],
    ['an unknown kind of principal', { principal: { kind: 'nobody', id: '1' } }],
    ['an attribute that the kind does not have', { principal: { ...user, shoe_size: '43' } }],
    ['an attribute of another type', { principal: { ...user, roles: 'admin' } }],
    ['a principal without an id', { principal: { kind: 'user' } }],
    ['an unknown kind of fact', { facts: { f: { kind: 'none', fields: {} } } }],
    ['a field that the kind does not have', { facts: { f: { kind: 'escrow', fields: { x: 1 } } } }],
    ['a name that an expression cannot contain', { params: { 'a b': 'x' } }],
  ])('refuses %s', async (_case, given) => {
    expect((await evaluate({ expression: 'true', ...given })).status).toBe(400);
  });
});
