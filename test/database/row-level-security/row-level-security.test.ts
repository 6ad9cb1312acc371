import type { Client } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { serviceRole } from '../../../src/database/row-level-security/service-role.ts';
import { createPushedFacts } from '../../../src/facts/pushed-facts.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import { escrow } from '../../support/fact-kinds.ts';

describePostgres('row-level security', (server) => {
  const at = useDatabase(server);

  beforeAll(async () => {
    const body = { buyer_id: 'buyer', seller_id: 'seller', status: 'OPEN' };
    for (const tenant of ['a', 'b']) {
      await createPushedFacts(at.database).put(escrow, [tenant, 'E'], body);
    }
    await withClient(at.url, (admin) =>
      admin.query(`
        -- As an earlier release left it.
        GRANT INSERT, UPDATE, DELETE ON escrows TO ${serviceRole};
        INSERT INTO audit_log (decision_id, at, action, outcome, checks, request_id, address, tenant_id)
          VALUES ('d-a', now(), 'subscribe', 'grant', '[]', 'r', '::1', 'a'),
                 ('d-b', now(), 'subscribe', 'grant', '[]', 'r', '::1', 'b'),
                 ('d-0', now(), 'subscribe', 'grant', '[]', 'r', '::1', NULL),
                 ('d-empty', now(), 'subscribe', 'grant', '[]', 'r', '::1', '');
        INSERT INTO security_events (at, signal, decision_id, tenant_id, request_id, address)
          SELECT at, 'cross-tenant', decision_id, tenant_id, request_id, address FROM audit_log`),
    );
  });

  /** Runs queries like the service: with its role, in one transaction with local settings, which is rolled back. */
  async function asService<T>(
    settings: Readonly<Record<string, string>>,
    use: (client: Client) => Promise<T>,
  ): Promise<T> {
    return withClient(at.url, async (client) => {
      await client.query(`SET ROLE ${serviceRole}`);
      await client.query('BEGIN');
      for (const [name, value] of Object.entries(settings)) {
        await client.query('SELECT set_config($1, $2, true)', [name, value]);
      }
      return use(client);
    });
  }

  const tenantsIn = (table: string) => async (client: Client) => {
    const { rows } = await client.query<{ tenant_id: string | null }>(
      `SELECT tenant_id FROM ${table} ORDER BY tenant_id NULLS FIRST`,
    );
    return rows.map((row) => row.tenant_id);
  };

  it('is enabled and forced for the owner on every table with a tenant', async () => {
    const { rows } = await withClient(at.url, (admin) =>
      admin.query<{ table: string; held: boolean }>(`
        SELECT c.relname AS table, c.relrowsecurity AND c.relforcerowsecurity AS held
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'usher'::regnamespace ORDER BY 1`),
    );
    expect(rows).toEqual([
      { table: 'audit_log', held: true },
      { table: 'facts', held: true },
      { table: 'live_grants', held: true },
      { table: 'security_events', held: true },
    ]);
  });

  describe.each(['facts', 'escrows', 'audit_log', 'security_events'])('%s', (table) => {
    it('returns no rows if no tenant is set', async () => {
      expect(await asService({}, tenantsIn(table))).toEqual([]);
    });

    it("returns no rows if a tenant was set in an earlier transaction, which leaves ''", async () => {
      const seen = await asService({ 'usher.tenant': 'a' }, async (client) => {
        await client.query('COMMIT; BEGIN');
        const { rows } = await client.query(`SELECT current_setting('usher.tenant', true) AS left`);
        expect(rows).toEqual([{ left: '' }]);
        return tenantsIn(table)(client);
      });
      expect(seen).toEqual([]);
    });

    it('returns the rows of the current tenant and no others', async () => {
      expect(await asService({ 'usher.tenant': 'a' }, tenantsIn(table))).toEqual(['a']);
      expect(await asService({ 'usher.tenant': 'A' }, tenantsIn(table))).toEqual([]);
    });

    it('deletes no row of another tenant', async () => {
      const counts = await asService({ 'usher.tenant': 'a' }, async (client) => {
        const { rowCount } = await client.query(`DELETE FROM ${table} WHERE tenant_id = 'b'`);
        return rowCount;
      });
      expect(counts).toBe(0);
    });
  });

  it.each([
    {
      table: 'facts',
      change: `UPDATE facts SET fields = '{}' WHERE tenant_id = 'b'`,
      move: `UPDATE facts SET tenant_id = 'c' WHERE tenant_id = 'a'`,
      insert: (tenant: string) =>
        `INSERT INTO facts (kind, ids, tenant_id) VALUES ('escrow', '{x,E2}', '${tenant}')`,
    },
    {
      table: 'escrows',
      change: `UPDATE escrows SET status = 'DISPUTED' WHERE tenant_id = 'b'`,
      move: `UPDATE escrows SET tenant_id = 'c' WHERE tenant_id = 'a'`,
      insert: (tenant: string) =>
        `INSERT INTO escrows VALUES ('${tenant}', 'E2', 'x', 'y', 'OPEN')`,
    },
  ])(
    'changes no row of another tenant in $table, and moves no row to another tenant',
    async ({ change, move, insert }) => {
      const own = { 'usher.tenant': 'a' };
      expect((await asService(own, (client) => client.query(change))).rowCount).toBe(0);
      for (const [settings, statement] of [
        [own, move],
        [own, insert('b')],
        [{}, insert('b')],
        [{}, insert('')],
      ] as const) {
        const refused = asService(settings, (client) => client.query(statement));
        await expect(refused).rejects.toThrow('row-level security');
      }
      const inserted = await asService(own, (client) => client.query(insert('a')));
      expect(inserted.rowCount).toBe(1);
    },
  );

  it('shows a fact of a tenant to its guest session, and a fact without a tenant to all', async () => {
    const add = (id: string, tenant: string | null, session: string | null) =>
      withClient(at.url, (admin) =>
        admin.query(
          `INSERT INTO facts (kind, ids, tenant_id, guest_session_id) VALUES ('visit', ARRAY[$1], $2, $3)`,
          [id, tenant, session],
        ),
      );
    await add('of-a', 'a', 's');
    await add('of-none', null, null);
    const seenWith = (settings: Readonly<Record<string, string>>) =>
      asService(settings, async (client) => {
        const { rows } = await client.query<{ id: string }>(
          `SELECT ids[1] AS id FROM facts WHERE kind = 'visit' ORDER BY 1`,
        );
        return rows.map(({ id }) => id);
      });
    expect(await seenWith({})).toEqual(['of-none']);
    expect(await seenWith({ 'usher.tenant': 'b' })).toEqual(['of-none']);
    expect(await seenWith({ 'usher.guest_session': 't' })).toEqual(['of-none']);
    for (const settings of [
      { 'usher.tenant': 'a' },
      { 'usher.guest_session': 's' },
      { 'usher.operator': 'on' },
    ]) {
      expect(await seenWith(settings)).toEqual(['of-a', 'of-none']);
    }
    await withClient(at.url, (admin) => admin.query(`DELETE FROM facts WHERE kind = 'visit'`));
  });

  it.each(['audit_log', 'security_events'])(
    'allows the operator to read and delete %s across tenants, and no role to update it',
    async (table) => {
      const operator = { 'usher.operator': 'on' };
      expect(await asService(operator, tenantsIn(table))).toEqual([null, '', 'a', 'b']);
      const deleted = await asService(operator, (client) => client.query(`DELETE FROM ${table}`));
      expect(deleted.rowCount).toBe(4);
      for (const settings of [operator, { 'usher.tenant': 'a' }, {}]) {
        await expect(
          asService(settings, (client) => client.query(`UPDATE ${table} SET address = ''`)),
        ).rejects.toThrow('permission denied');
      }
      expect(await asService({ 'usher.operator': 'off' }, tenantsIn(table))).toEqual([]);
    },
  );

  it('does not let the operator see escrows without a tenant', async () => {
    expect(await asService({ 'usher.operator': 'on' }, tenantsIn('escrows'))).toEqual([]);
  });

  it('does not let the service remove the policies', async () => {
    for (const statement of [
      'ALTER TABLE facts DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE facts NO FORCE ROW LEVEL SECURITY',
      'DROP POLICY facts_of_the_tenant_or_of_none ON facts',
      'TRUNCATE audit_log',
      'SELECT * FROM _prisma_migrations',
      'CREATE TABLE public.own (x int)',
    ]) {
      await expect(asService({}, (client) => client.query(statement))).rejects.toThrow(
        /must be owner|permission denied/,
      );
    }
  });

  it('applies to the connections of createDatabase, even if the URL is an administrator’s', async () => {
    const { rows } = await withClient(at.url, (admin) =>
      admin.query('SELECT rolsuper AS administrator FROM pg_roles WHERE rolname = current_user'),
    );
    expect(rows).toEqual([{ administrator: true }]);
    const who = await at.database.query(
      (prisma) =>
        prisma.$queryRaw`SELECT current_user::text AS user, rolsuper OR rolbypassrls AS bypasses
          FROM pg_roles WHERE rolname = current_user`,
    );
    expect(who).toEqual([{ user: serviceRole, bypasses: false }]);
    expect(await at.database.query((prisma) => prisma.fact.findMany())).toEqual([]);
    expect(await at.database.query((prisma) => prisma.auditLog.findMany())).toEqual([]);
  });

  it('keeps no tenant on a pooled connection after a lookup', async () => {
    const facts = createPushedFacts(at.database);
    await Promise.all(Array.from({ length: 30 }, () => facts.find(escrow, ['a', 'E'], {})));
    await Promise.all(Array.from({ length: 30 }, () => facts.read(escrow, ['a', 'E'])));
    const left = await Promise.all(
      Array.from({ length: 30 }, () => at.database.query((prisma) => prisma.fact.findMany())),
    );
    expect(left.flat()).toEqual([]);
  });
});
