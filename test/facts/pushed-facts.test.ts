import { describe, expect, it } from 'vitest';
import { createDatabase } from '../../src/database/client.ts';
import { createPushedFacts } from '../../src/facts/pushed-facts.ts';
import {
  type FactKind,
  type FactViewer,
  type Field,
  maxFactsPerCall,
} from '../../src/policy/fact-kind.ts';
import { FactRefused } from '../../src/policy/fact-refused.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';
import { booking, escrow, order, room } from '../support/fact-kinds.ts';

const field = (type: Field['type'], changes: Partial<Field> = {}): Field => ({
  type,
  optional: true,
  maxLength: 255,
  maxItems: 100,
  dateMeansEndOfDay: false,
  ...changes,
});

/** A kind with a field of each type. */
const course: FactKind = {
  name: 'course',
  ids: ['school', 'course'],
  tenant: 'school',
  fields: {
    status: field('string', { oneOf: ['open', 'closed'] }),
    title: field('string', { maxLength: 5 }),
    seats: field('int'),
    rating: field('double'),
    online: field('bool'),
    starts: field('timestamp'),
    ends: field('timestamp', { dateMeansEndOfDay: true }),
    teachers: field('list(string)', { maxItems: 3, maxLength: 4 }),
    visitor: field('guest_session'),
  },
};

const specialIds = [
  `'; DROP TABLE facts; --`,
  'a"b\\c%_',
  'züri-🛎️',
  ' ',
  '/',
  '["a","b"]',
  '\u2028',
];
const unstorable = ['a\u0000b', '\ud800', 'x\udc00'];

describePostgres('pushed facts', (server) => {
  const at = useDatabase(server);
  const facts = () => createPushedFacts(at.database);
  const onServer = (sql: string) => withClient(at.url, (admin) => admin.query(sql));
  const find = (kind: FactKind, ids: readonly string[], viewer: FactViewer = {}) =>
    facts().find(kind, ids, viewer);

  it('are returned as they were stored: times in UTC, and as dates for rules', async () => {
    const body = {
      status: 'open',
      title: 'Ünï 🛎',
      seats: 2 ** 53 - 1,
      rating: 0.1,
      online: false,
      starts: '2026-11-27T13:00:00.5+01:00',
      ends: '2026-02-28',
      teachers: ['15', 'ä'],
      visitor: 'unlinked',
    };
    const stored = {
      ...body,
      starts: '2026-11-27T12:00:00.500Z',
      ends: '2026-03-01T00:00:00.000Z',
    };
    const ids = ['north', 'math'];
    expect(await facts().put(course, ids, body)).toEqual(stored);
    expect(await facts().read(course, ids)).toEqual(stored);
    expect(await find(course, ids)).toEqual({
      ...stored,
      starts: new Date(stored.starts),
      ends: new Date(stored.ends),
      visitor: { id: 'unlinked' },
    });
  });

  it('are replaced as a whole', async () => {
    await facts().put(booking, ['h', 'r'], { status: 'open', room_number: '7' });
    await facts().put(booking, ['h', 'r'], { status: 'cancelled' });
    expect(await find(booking, ['h', 'r'])).toEqual({ status: 'cancelled' });
  });

  it('accept many concurrent writes of one fact', async () => {
    const puts = Array.from({ length: 20 }, () =>
      facts().put(booking, ['h', 'race'], { status: 'open' }),
    );
    await Promise.all(puts);
    expect(await find(booking, ['h', 'race'])).toEqual({ status: 'open' });
  });

  it('are found only by their kind and all their ids', async () => {
    await facts().put(booking, ['h', 'B'], { status: 'open' });
    for (const ids of [['H', 'B'], ['h', 'b'], ['h', 'B '], ['B', 'h'], ['h'], ['h', 'B', '']]) {
      expect(await find(booking, ids)).toBeUndefined();
    }
    expect(await find({ ...booking, name: 'other' }, ['h', 'B'])).toBeUndefined();
  });

  it('are removed once', async () => {
    await facts().put(order, ['gone'], { owner_id: '15' });
    expect(await facts().remove(order, ['gone'])).toBe(true);
    expect(await facts().remove(order, ['gone'])).toBe(false);
    expect(await facts().read(order, ['gone'])).toBeUndefined();
    expect(await find(order, ['gone'])).toBeUndefined();
  });

  it('are returned to the right lookup of many concurrent ones, of any kind and viewer', async () => {
    await facts().put(escrow, ['a', 'same'], { buyer_id: 'of-a', seller_id: 's', status: 'x' });
    await facts().put(escrow, ['b', 'same'], { buyer_id: 'of-b', seller_id: 's', status: 'x' });
    await facts().put(room, ['of-a'], { tenant_id: 'a', participants: ['1'] });
    await facts().put(order, ['same'], { owner_id: 'o' });
    const request = facts();
    const found = await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const tenantId = i % 2 === 0 ? 'a' : 'b';
        return Promise.all([
          request.find(escrow, [tenantId, 'same'], {}),
          request.find(room, ['of-a'], { tenantId }),
          request.find(order, ['same'], {}),
          request.find(order, ['a\u0000b'], {}),
        ]);
      }),
    );
    for (const [i, [escrowOf, roomOf, orderOf, none]] of found.entries()) {
      expect(escrowOf?.['buyer_id']).toBe(i % 2 === 0 ? 'of-a' : 'of-b');
      expect(roomOf).toEqual(i % 2 === 0 ? { tenant_id: 'a', participants: ['1'] } : undefined);
      expect([orderOf, none]).toEqual([{ owner_id: 'o' }, undefined]);
    }
  });

  it('are visible to their tenant, to its guest session and, without a tenant, to all', async () => {
    const body = { participants: [], guest_session_id: 'opener' };
    await facts().put(room, ['tenanted'], { ...body, tenant_id: 'a' });
    await facts().put(room, ['free'], body);
    const seen = async (viewer: FactViewer) => [
      (await find(room, ['tenanted'], viewer)) !== undefined,
      (await find(room, ['free'], viewer)) !== undefined,
    ];
    expect(await seen({})).toEqual([false, true]);
    expect(await seen({ tenantId: '', guestSessionId: '' })).toEqual([false, true]);
    expect(await seen({ tenantId: 'b', guestSessionId: 'other' })).toEqual([false, true]);
    expect(await seen({ tenantId: 'a' })).toEqual([true, true]);
    expect(await seen({ guestSessionId: 'opener' })).toEqual([true, true]);
    expect(await facts().read(room, ['tenanted'])).toEqual({ ...body, tenant_id: 'a' });
  });

  it('contain the user to whom a guest session is linked, in facts of that user’s tenant or of none', async () => {
    await onServer(`INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, linked_tenant_id, expires_at)
      VALUES ('s', 'hash', '15', 'a', now())`);
    const put = (id: string, tenant: object) =>
      facts().put(room, [id], { participants: [], guest_session_id: 's', ...tenant });
    await put('of-none', {});
    await put('of-a', { tenant_id: 'a' });
    await put('of-b', { tenant_id: 'b' });
    const sessionIn = async (id: string) =>
      (await find(room, [id], { guestSessionId: 's' }))?.['guest_session_id'];
    expect(await sessionIn('of-none')).toEqual({ id: 's', user: '15' });
    expect(await sessionIn('of-a')).toEqual({ id: 's', user: '15' });
    expect(await sessionIn('of-b')).toEqual({ id: 's' });
  });

  it('a change applies to the next lookup on another replica, during other lookups', async () => {
    const other = createDatabase({ url: at.url, role: server.role, timeoutMs: 30_000 });
    try {
      const there = createPushedFacts(other);
      const seen: unknown[] = [];
      for (let i = 0; i < 200; i += 1) {
        const status = i % 2 === 0 ? 'cancelled' : 'open';
        // In progress during the change, so that the next lookup could share their results.
        const before = ['turn', 'other'].map((id) => there.find(booking, ['h', id], {}));
        await facts().put(booking, ['h', 'turn'], { status });
        seen.push((await there.find(booking, ['h', 'turn'], {}))?.['status'] === status);
        await Promise.all(before);
      }
      expect(seen).toEqual(new Array(200).fill(true));
    } finally {
      await other.close();
    }
  });

  it.each(specialIds)('store %j as text and nothing else', async (text) => {
    const body = { buyer_id: text, seller_id: text, status: text };
    expect(await facts().put(escrow, [text, text], body)).toEqual(body);
    expect(await find(escrow, [text, text])).toEqual(body);
    expect(await facts().remove(escrow, [text, text])).toBe(true);
  });

  it.each(unstorable)('are not found by %j, which is not stored', async (text) => {
    expect(await find(booking, ['h', text])).toBeUndefined();
    expect(await find(room, ['r'], { tenantId: text })).toBeUndefined();
    await expect(facts().remove(booking, [text, 'b'])).rejects.toThrow(FactRefused);
    await expect(facts().put(order, ['o'], { owner_id: text })).rejects.toThrow(
      'owner_id has a character that cannot be stored',
    );
  });

  it.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    'keep the time %s',
    async (time) => {
      await facts().put(course, ['t', 'moment'], { starts: time });
      expect((await find(course, ['t', 'moment']))?.['starts']).toEqual(new Date(time));
    },
  );

  it('are looked up by the primary key in a generic plan', async () => {
    const texts: string[] = [];
    const execute: typeof at.database.execute = (statement) => {
      texts.push(statement.text);
      return at.database.execute(statement);
    };
    const { find } = createPushedFacts({ ...at.database, execute });
    for (const [kind, ids] of [
      [booking, ['h', 'B']],
      [escrow, ['1', 'E']],
      [room, ['R']],
    ] as const) {
      await find(kind, ids, {});
    }
    const lookups = texts.filter((text) => text.includes('FROM facts'));
    expect(lookups).toHaveLength(3);
    for (const text of lookups) {
      const plan = await withClient(at.url, async (client) => {
        await client.query(`SET ROLE ${server.role!}; SET enable_seqscan = off;
          SET plan_cache_mode = force_generic_plan; PREPARE lookup(text) AS ${text}`);
        const { rows } = await client.query<Record<string, string>>(
          `EXPLAIN EXECUTE lookup('[["room","[\\"R\\"]","","","off"]]')`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      });
      expect(plan).toMatch(/Index Cond: .*kind.* AND .*key/);
      expect(plan).not.toContain('Seq Scan');
    }
  });

  describe('in a list', () => {
    const owner = (id: string) => ({ kind: order, ids: [id], body: { owner_id: '15' } });

    it('are stored together, of several kinds and tenants, new and old', async () => {
      await facts().put(order, ['old'], { owner_id: '1' });
      const rows = Array.from({ length: maxFactsPerCall - 2 }, (_, i) => owner(`many-${i}`));
      const closed = { status: 'closed' };
      await facts().putAll([
        ...rows,
        owner('old'),
        { kind: course, ids: ['x', 'y'], body: closed },
      ]);
      expect(await find(order, [`many-${maxFactsPerCall - 3}`])).toEqual({ owner_id: '15' });
      expect(await find(order, ['old'])).toEqual({ owner_id: '15' });
      expect(await find(course, ['x', 'y'])).toEqual(closed);
    });

    it.each([
      [
        'an invalid field',
        { ...owner('bad'), body: { owner_id: 15 } },
        'body/owner_id must be string',
      ],
      [
        'an invalid id',
        { ...owner(''), body: {} },
        'orderId must NOT have fewer than 1 characters',
      ],
      ['a repeated fact', owner('first'), 'is the same fact as 0'],
    ])('are all refused for %s, with its place', async (_what, bad, message) => {
      const error: unknown = await facts()
        .putAll([owner('first'), bad, owner('last')])
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FactRefused);
      expect(error).toMatchObject({ message, index: 1 });
      expect(await find(order, ['first'])).toBeUndefined();
    });

    it('are refused if they are too many', async () => {
      const all = Array.from({ length: maxFactsPerCall + 1 }, (_, i) => owner(`more-${i}`));
      await expect(facts().putAll(all)).rejects.toThrow('more than 1000 items');
      expect(await find(order, ['more-0'])).toBeUndefined();
    });

    it('do not deadlock in two calls with the same facts in another order', async () => {
      const rows = Array.from({ length: 200 }, (_, i) => owner(`both-${i}`));
      await Promise.all(
        Array.from({ length: 8 }, (_, i) => facts().putAll(i % 2 === 0 ? rows : rows.toReversed())),
      );
      expect(await find(order, ['both-7'])).toEqual({ owner_id: '15' });
    });
  });

  it.each([
    ['another type', `{"seats": "2"}`],
    ['a fraction', `{"seats": 1.5}`],
    ['a value that is not allowed', `{"status": "OPEN"}`],
    ['an invalid time', `{"starts": "tomorrow"}`],
    ['a list of numbers', `{"teachers": [15]}`],
    ['an object', `{"title": {}}`],
  ])('that SQL stored with %s do not exist for rules', async (_what, fields) => {
    await onServer(`DELETE FROM facts WHERE kind = 'course';
      INSERT INTO facts (kind, ids, tenant_id, fields) VALUES ('course', '{s,c}', 's', '${fields}')`);
    expect(await find(course, ['s', 'c'])).toBeUndefined();
    expect(await facts().read(course, ['s', 'c'])).toBeDefined();
    await onServer(
      `UPDATE facts SET fields = '{"unknown": 1, "title": null}' WHERE kind = 'course'`,
    );
    expect(await find(course, ['s', 'c'])).toEqual({});
  });

  it('accept the times of PostgreSQL, also the infinite ones', async () => {
    await onServer(`INSERT INTO bookings VALUES ('h', 'pg', 'open', NULL, '2026-01-01 12:00:00.25+01'),
      ('h', 'inf', 'open', NULL, 'infinity'), ('h', '-inf', 'open', NULL, '-infinity')`);
    const checkOut = async (id: string) => (await find(booking, ['h', id]))?.['check_out'];
    expect(await checkOut('pg')).toEqual(new Date('2026-01-01T11:00:00.250Z'));
    expect(await checkOut('inf')).toEqual(new Date('9999-12-31T23:59:59.999Z'));
    expect(await checkOut('-inf')).toEqual(new Date('0001-01-01T00:00:00.000Z'));
  });

  it.each([
    `INSERT INTO facts (kind, ids) VALUES ('k', '{}')`,
    `INSERT INTO facts (kind, ids) VALUES ('k', '{a,NULL}')`,
    `INSERT INTO facts (kind, ids) VALUES ('k', '{{a},{b}}')`,
    `INSERT INTO facts (kind, ids, fields) VALUES ('k', '{a}', '[]')`,
    `INSERT INTO bookings VALUES ('h', 'b', 'tentative')`,
    `INSERT INTO bookings (hotel_slug, status) VALUES ('h', 'open')`,
  ])('do not accept %s', async (statement) => {
    await expect(onServer(statement)).rejects.toThrow(/_check/);
  });

  it('are read from a view of the application, which the operator’s port does not change', async () => {
    await onServer(`DROP VIEW orders; CREATE TABLE sales (id text, owner text);
      INSERT INTO sales VALUES ('7', '15');
      CREATE VIEW orders AS SELECT id AS order_id, owner AS owner_id FROM sales;
      GRANT SELECT ON orders TO ${server.role!}`);
    const { find, read, put, remove } = facts();
    expect(await find(order, ['7'], {})).toEqual({ owner_id: '15' });
    expect(await find(order, ['old'], {})).toBeUndefined();
    expect(await read(order, ['7'])).toEqual({ owner_id: '15' });
    await onServer(`UPDATE sales SET owner = '16'`);
    expect(await find(order, ['7'], {})).toEqual({ owner_id: '16' });
    const refusal = 'order is read from the application’s own orders; change it there';
    await expect(put(order, ['7'], { owner_id: '17' })).rejects.toThrow(refusal);
    await expect(remove(order, ['7'])).rejects.toThrow(refusal);
  });
});

describe('the body of a fact', () => {
  const at = useDatabase();
  const put = (body: unknown) => createPushedFacts(at.database).put(course, ['s', 'c'], body);

  it.each<[unknown, string]>([
    [undefined, 'body must be object'],
    [[], 'body must be object'],
    [{ room: 1 }, 'body must NOT have additional properties: "room"'],
    [JSON.parse('{"__proto__": 1}'), 'body must NOT have additional properties: "__proto__"'],
    [{ status: 'OPEN' }, 'body/status must be one of open, closed'],
    [{ status: 1 }, 'body/status must be string'],
    [{ title: '' }, 'body/title must NOT have fewer than 1 characters'],
    [{ title: '123456' }, 'body/title must NOT have more than 5 characters'],
    [{ title: 'a\nb' }, 'title has a character that cannot be stored'],
    [{ seats: 2 ** 53 }, 'body/seats must be integer, within ±(2^53 - 1)'],
    [{ seats: '1' }, 'body/seats must be integer, within ±(2^53 - 1)'],
    [{ rating: '1' }, 'body/rating must be number'],
    [{ online: 'true' }, 'body/online must be boolean'],
    [{ teachers: '15' }, 'body/teachers must be array'],
    [{ teachers: ['1', '2', '3', '4'] }, 'body/teachers must NOT have more than 3 items'],
    [{ teachers: ['1', 2] }, 'body/teachers/1 must be string'],
    [{ teachers: ['12345'] }, 'body/teachers/0 must NOT have more than 4 characters'],
    [
      { teachers: ['1', '1'] },
      'body/teachers must NOT have duplicate items (items ## 0 and 1 are identical)',
    ],
    [{ starts: '2026-01-01' }, 'starts must be a time with its zone such as 2025-12-31T11:00:00Z'],
    [
      { ends: '9999-12-31' },
      'ends must be a date, or a time with its zone such as 2025-12-31T11:00:00Z',
    ],
    [
      { ends: '0000-01-01T00:00:00Z' },
      'ends must be a date, or a time with its zone such as 2025-12-31T11:00:00Z',
    ],
  ])('%j is refused, and the message names the field', async (body, message) => {
    const error: unknown = await put(body).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FactRefused);
    expect((error as Error).message).toBe(message);
  });

  it('requires the fields that are not optional', async () => {
    const facts = createPushedFacts(at.database);
    await expect(facts.put(booking, ['h', 'b'], {})).rejects.toThrow(
      "body must have required property 'status'",
    );
  });

  it('may contain null for an optional field, which is then absent', async () => {
    const facts = createPushedFacts(at.database);
    await expect(put({ status: null, title: 'Maths' })).resolves.toEqual({ title: 'Maths' });
    await expect(facts.put(booking, ['h', 'b'], { status: null })).rejects.toThrow(
      'body/status must be string',
    );
  });

  it('counts characters, not UTF-16 code units', async () => {
    await expect(put({ title: '🛎🛎🛎🛎🛎' })).resolves.toEqual({ title: '🛎🛎🛎🛎🛎' });
  });
});
