import type { Client } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { serviceRole } from '../../../src/database/row-level-security/service-role.ts';
import { createEscrows } from '../../../src/facts/store/escrows.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';

describePostgres('row-level security', (server) => {
  const at = useDatabase(server);

  beforeAll(async () => {
    const escrows = createEscrows(at.database);
    for (const tenantId of ['a', 'b']) {
      const ids = { tenantId, escrowId: 'E', buyerId: 'buyer', sellerId: 'seller' };
      await escrows.put({ ...ids, status: 'OPEN' });
    }
    await withClient(at.url, (admin) =>
      admin.query(`
        INSERT INTO audit_log (decision_id, at, action, outcome, checks, request_id, address, tenant_id)
          VALUES ('d-a', now(), 'subscribe', 'grant', '[]', 'r', '::1', 'a'),
                 ('d-b', now(), 'subscribe', 'grant', '[]', 'r', '::1', 'b'),
                 ('d-0', now(), 'subscribe', 'grant', '[]', 'r', '::1', NULL),
                 ('d-empty', now(), 'subscribe', 'grant', '[]', 'r', '::1', '');
        INSERT INTO security_events (at, signal, decision_id, tenant_id, request_id, address)
          SELECT at, 'cross-tenant', decision_id, tenant_id, request_id, address FROM audit_log`),
    );
  });

  /** As the service works: its role, one transaction, and the settings made locally in it; rolled back at the end. */
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

  it('is on, and forced upon the owner, on every table that has a tenant', async () => {
    const { rows } = await withClient(at.url, (admin) =>
      admin.query<{ table: string; held: boolean }>(`
        SELECT c.relname AS table, c.relrowsecurity AND c.relforcerowsecurity AS held
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'usher'::regnamespace ORDER BY 1`),
    );
    expect(rows).toEqual([
      { table: 'audit_log', held: true },
      { table: 'escrows', held: true },
      { table: 'live_grants', held: true },
      { table: 'rooms', held: true },
      { table: 'security_events', held: true },
    ]);
  });

  describe.each(['escrows', 'audit_log', 'security_events'])('%s', (table) => {
    it('shows nothing when no tenant was set', async () => {
      expect(await asService({}, tenantsIn(table))).toEqual([]);
    });

    it("shows nothing when a tenant was set in an earlier transaction, which leaves ''", async () => {
      const seen = await asService({ 'usher.tenant': 'a' }, async (client) => {
        await client.query('COMMIT; BEGIN');
        const { rows } = await client.query(`SELECT current_setting('usher.tenant', true) AS left`);
        expect(rows).toEqual([{ left: '' }]);
        return tenantsIn(table)(client);
      });
      expect(seen).toEqual([]);
    });

    it('shows the rows of the tenant that was set and no others', async () => {
      expect(await asService({ 'usher.tenant': 'a' }, tenantsIn(table))).toEqual(['a']);
      expect(await asService({ 'usher.tenant': 'A' }, tenantsIn(table))).toEqual([]);
    });

    it("deletes nothing of another tenant's", async () => {
      const counts = await asService({ 'usher.tenant': 'a' }, async (client) => {
        const { rowCount } = await client.query(`DELETE FROM ${table} WHERE tenant_id = 'b'`);
        return rowCount;
      });
      expect(counts).toBe(0);
    });
  });

  it("changes nothing of another tenant's escrow, and moves none to another tenant", async () => {
    const changed = await asService({ 'usher.tenant': 'a' }, (client) =>
      client.query(`UPDATE escrows SET status = 'DISPUTED' WHERE tenant_id = 'b'`),
    );
    expect(changed.rowCount).toBe(0);
    await expect(
      asService({ 'usher.tenant': 'a' }, (client) =>
        client.query(`UPDATE escrows SET tenant_id = 'c' WHERE tenant_id = 'a'`),
      ),
    ).rejects.toThrow('row-level security');
    await expect(
      asService({ 'usher.tenant': 'a' }, (client) =>
        client.query(`INSERT INTO escrows VALUES ('b', 'E2', 'x', 'y', 'OPEN')`),
      ),
    ).rejects.toThrow('row-level security');
    await expect(
      asService({}, (client) =>
        client.query(`INSERT INTO escrows VALUES ('', 'E2', 'x', 'y', 'OPEN')`),
      ),
    ).rejects.toThrow('row-level security');
  });

  it.each(['audit_log', 'security_events'])(
    'lets the operator read and delete %s across tenants, and nobody change it',
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

  it('does not let the service take the policies away', async () => {
    for (const statement of [
      'ALTER TABLE escrows DISABLE ROW LEVEL SECURITY',
      'ALTER TABLE escrows NO FORCE ROW LEVEL SECURITY',
      'DROP POLICY escrows_of_the_tenant ON escrows',
      'TRUNCATE audit_log',
      'SELECT * FROM _prisma_migrations',
      'CREATE TABLE public.own (x int)',
    ]) {
      await expect(asService({}, (client) => client.query(statement))).rejects.toThrow(
        /must be owner|permission denied/,
      );
    }
  });

  it('holds for the connections of createDatabase, although the URL is an administrator’s', async () => {
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
    expect(await at.database.query((prisma) => prisma.escrow.findMany())).toEqual([]);
    expect(await at.database.query((prisma) => prisma.auditLog.findMany())).toEqual([]);
  });

  it('is not left open on a pooled connection by a lookup', async () => {
    const escrows = createEscrows(at.database);
    await Promise.all(Array.from({ length: 30 }, () => escrows.find('a', 'E')));
    const left = await Promise.all(
      Array.from({ length: 30 }, () => at.database.query((prisma) => prisma.escrow.findMany())),
    );
    expect(left.flat()).toEqual([]);
  });
});
