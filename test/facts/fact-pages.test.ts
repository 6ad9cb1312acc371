import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { createDatabase, type PreparedStatement } from '../../src/database/client.ts';
import { pageSize } from '../../src/facts/list-pages.ts';
import type { ListCursor } from '../../src/policy/fact-kind.ts';
import type { FactQuery, FactViewer } from '../../src/policy/fact-kind.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';
import { openFactPages } from '../support/fact-page.ts';
import { escrow, order, room } from '../support/fact-kinds.ts';

const count = 10_000;

describePostgres('pages of facts', (server) => {
  const at = useDatabase(server);

  beforeAll(() =>
    withClient(at.url, async (admin) => {
      await admin.query(`
        INSERT INTO facts (kind, ids, tenant_id, fields)
          SELECT 'escrow', ARRAY['t', n::text], 't',
            jsonb_build_object('buyer_id', 'b' || n, 'seller_id', 's' || n, 'status', 'FUNDED')
          FROM generate_series(1, ${count}) n;
        INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, linked_tenant_id, expires_at)
          SELECT n, n, 'l' || n, 't', now() FROM generate_series(1, ${count}) n;
        INSERT INTO facts (kind, ids, tenant_id, guest_session_id, fields)
          SELECT 'room', ARRAY[n::text], 't', n, jsonb_build_object('tenant_id', 't',
            'participants', jsonb_build_array('p' || n, 'all'), 'guest_session_id', n::text)
          FROM generate_series(1, ${count}) n;
        INSERT INTO facts (kind, ids, fields)
          SELECT 'order', ARRAY[n::text], jsonb_build_object('owner_id', 'o' || n)
          FROM generate_series(1, ${count}) n`);
      await admin.query('VACUUM ANALYZE');
    }),
  );

  const tenant = { tenantId: 't' };
  const cases: readonly (readonly [string, FactQuery, FactViewer])[] = [
    ['a text and the tenant', { kind: escrow, where: { tenantId: 't', buyer_id: 'b7' } }, tenant],
    ['a text', { kind: escrow, where: { seller_id: 's7' } }, tenant],
    ['an id', { kind: escrow, where: { escrowId: '7' } }, tenant],
    ['an element of a list', { kind: room, where: { participants: 'p7' } }, tenant],
    ['an element that all have', { kind: room, where: { participants: 'all' } }, tenant],
    ['an element and an id', { kind: room, where: { roomId: '7', participants: 'p7' } }, tenant],
    ['a linked user', { kind: room, where: { 'guest_session_id.user': 'l7' } }, tenant],
    ['a guest session', { kind: room, where: { guest_session_id: '7' } }, { guestSessionId: '7' }],
    ['a fact without a tenant', { kind: order, where: { owner_id: 'o7' } }, {}],
  ];

  it.each(cases)('of %s are read by indexes among 10,000', async (what, query, viewer) => {
    const requests: PreparedStatement[] = [];
    const database = {
      ...at.database,
      execute: (statement: PreparedStatement) => {
        requests.push(statement);
        return at.database.execute(statement);
      },
    };
    const found = await openFactPages(database)().list([query], viewer);
    expect(found).toHaveLength(what === 'an element that all have' ? pageSize : 1);
    if (found.length === 1) expect(found[0]!.at(-1)).toBe('7');
    const { text, values } = requests.at(-1)!;
    const plan = await withClient(at.url, async (client) => {
      await client.query(`SET ROLE ${server.role!}; SET enable_seqscan = off; SET jit = off;
        SET plan_cache_mode = force_generic_plan`);
      await client.query(`PREPARE list AS ${text}`);
      const literals = values.map((value) => client.escapeLiteral(value ?? '')).join(', ');
      const { rows } = await client.query<Record<string, string>>(
        `EXPLAIN (ANALYZE, TIMING off, COSTS off) EXECUTE list(${literals})`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).not.toMatch(/Seq Scan|Gather/);
    const rows = [...plan.matchAll(/rows=(\d+)(?:\.\d+)? loops=(\d+)/g)];
    const read = rows.map(([, each, loops]) => Number(each) * Number(loops));
    expect(Math.max(...read)).toBeLessThanOrEqual(pageSize + 1);
    expect(plan).not.toMatch(/Rows Removed by Filter: \d{3,}/);
  });

  it('have every fact that matches at least one query once, in one order', async () => {
    const database = createDatabase({ url: at.url, role: server.role, timeoutMs: 30_000 });
    onTestFinished(database.close);
    await withClient(at.url, (admin) =>
      admin.query(`
        INSERT INTO facts (kind, ids, tenant_id, fields)
          SELECT 'room', ARRAY['many-' || n], (ARRAY['t', 'u', NULL])[1 + n % 3],
            jsonb_build_object('participants', jsonb_build_array('x', CASE n % 2 WHEN 0 THEN 'y' ELSE 'z' END))
          FROM generate_series(1, 900) n`),
    );
    const queries = ['x', 'y'].map((user) => ({ kind: room, where: { participants: user } }));
    const pages: (readonly string[])[] = [];
    let cursor: ListCursor | undefined;
    do {
      const page = openFactPages(database)(cursor);
      pages.push((await page.list(queries, tenant)).map(([id]) => id ?? ''));
      cursor = page.next();
    } while (cursor !== undefined);
    // A third is of another tenant.
    expect(pages.map(({ length }) => length)).toEqual([pageSize, pageSize, pageSize]);
    const all = pages.flat();
    expect(all).toEqual([...new Set(all)].sort());
    expect(new Set(all.map((id) => Number(id.slice(5)) % 3))).toEqual(new Set([0, 2]));
    const finished = openFactPages(database)({ '0123456789abcdef': '["a"]' });
    expect([await finished.list(queries, tenant), finished.next()]).toEqual([[], undefined]);
  });

  it('have no fact of another tenant, and those of its guest session', async () => {
    const open = () => openFactPages(at.database)();
    const where = { participants: 'p8' };
    expect(await open().list([{ kind: room, where }], { tenantId: 'u' })).toEqual([]);
    expect(await open().list([{ kind: room, where }], {})).toEqual([]);
    const own = { guest_session_id: '8' };
    expect(await open().list([{ kind: room, where: own }], {})).toEqual([]);
    expect(await open().list([{ kind: room, where: own }], { guestSessionId: '9' })).toEqual([]);
    expect(await open().list([{ kind: room, where: own }], { guestSessionId: '8' })).toEqual([
      ['8'],
    ]);
    for (const text of ['a\u0000', '\ud800', 'x'.repeat(256)]) {
      expect(await open().list([{ kind: order, where: { owner_id: text } }], {})).toEqual([]);
    }
  });

  it('include each change', async () => {
    const listed = async () =>
      (
        await openFactPages(at.database)().list([{ kind: order, where: { owner_id: 'moved' } }], {})
      ).flat();
    const run = (sql: string) => withClient(at.url, (admin) => admin.query(sql));
    await run(
      `INSERT INTO facts (kind, ids, fields) VALUES ('order', '{m}', '{"owner_id": "moved"}')`,
    );
    expect(await listed()).toEqual(['m']);
    await run(`UPDATE facts SET ids = '{n}' WHERE kind = 'order' AND ids = '{m}'`);
    expect(await listed()).toEqual(['n']);
    await run(`SET session_replication_role = replica;
      UPDATE facts SET fields = '{"owner_id": "other"}' WHERE kind = 'order' AND ids = '{n}'`);
    expect(await listed()).toEqual([]);
    await run(
      `UPDATE facts SET fields = '{"owner_id": "moved"}' WHERE kind = 'order' AND ids = '{n}'`,
    );
    expect(await listed()).toEqual(['n']);
    await run(`DELETE FROM facts WHERE kind = 'order' AND ids = '{n}'`);
    expect(await listed()).toEqual([]);
    expect((await run(`SELECT FROM fact_index WHERE key IN ('["m"]', '["n"]')`)).rowCount).toBe(0);
  });
});
