import { expect, it } from 'vitest';
import { pruneDecisions, pruneSecurityEvents } from '../../src/audit/retention.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';

const day = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 5, 1);

describePostgres('retention', (server) => {
  const at = useDatabase(server);
  const query = async (sql: string, values: readonly unknown[] = []) =>
    (await withClient(at.url, (admin) => admin.query<{ n: number }>(sql, [...values]))).rows;
  const counted = async () => {
    const count = async (table: string) =>
      (await query(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;
    return [
      ...[await count('audit_log'), await count('security_events')],
      await count('shadow_verdicts'),
    ];
  };
  /** Inserts this number of rows of this age into each table, for several tenants and for none. */
  const put = async (rows: number, age: number) => {
    const values = [rows, new Date(now - age).toISOString()];
    const tenant = `CASE n % 3 WHEN 0 THEN NULL ELSE (n % 3)::text END`;
    await query(
      `INSERT INTO audit_log (decision_id, at, action, outcome, tenant_id, checks, request_id, address)
       SELECT gen_random_uuid(), $2::timestamptz, 'subscribe', 'grant', ${tenant}, '[]', 'r', '::1'
       FROM generate_series(1, $1) AS n`,
      values,
    );
    await query(
      `INSERT INTO shadow_verdicts (decision_id, at, family, policy, side, answered, result)
       SELECT gen_random_uuid(), $2::timestamptz, 'private-a', 'p', 'rules', 'grant', 'no-verdict'
       FROM generate_series(1, $1) AS n`,
      values,
    );
    await query(
      `INSERT INTO security_events (at, signal, tenant_id, request_id, address)
       SELECT $2::timestamptz, 'cross-tenant', ${tenant}, 'r', '::1' FROM generate_series(1, $1) AS n`,
      values,
    );
  };

  it('removes old rows of every tenant in batches, and no others', async () => {
    await put(2_345, 10 * day + 1);
    await put(5, 10 * day);
    const before = now - 10 * day;
    expect(await pruneDecisions(at.database, { before })).toBe(2_345);
    expect(await counted()).toEqual([5, 2_350, 5]);
    expect(await pruneSecurityEvents(at.database, { before })).toBe(2_345);
    expect(await pruneSecurityEvents(at.database, { before })).toBe(0);
    expect(await counted()).toEqual([5, 5, 5]);
  });

  it('concurrent runs remove each row once', async () => {
    await put(3_000, 20 * day);
    const before = now - 15 * day;
    const removed = await Promise.all([1, 2, 3].map(() => pruneDecisions(at.database, { before })));
    expect(removed.reduce((sum, each) => sum + each)).toBe(3_000);
  });
});
