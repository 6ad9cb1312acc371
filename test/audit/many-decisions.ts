import { createDatabase, type Database } from '../../src/database/client.ts';
import { Prisma } from '../../src/database/generated/client.ts';
import { actAsOperator } from '../../src/database/row-level-security/operator.ts';
import { pageStatement, readInOrder } from '../../src/audit/find-decisions.ts';
import type { DecisionQuery } from '../../src/audit/decision-filters.ts';
import { createTestDatabase, withClient, type TestServer } from '../support/database.ts';

export const start = Date.UTC(2026, 0, 1);
export const stepMs = 1_000;

/**
 * Runs this with a database of this number of decisions, two per second. Each tenth is a refusal; the channel
 * `private-rare`, the principal `rare` and the check `rare check` are in one row of 10,000.
 */
export async function withDecisions(
  server: TestServer,
  count: number,
  run: (database: Database) => Promise<void>,
): Promise<void> {
  const { url, drop } = await createTestDatabase(server);
  // A busy machine needs longer for a million rows than a request may wait.
  const database = createDatabase({ url, role: server.role, timeoutMs: 60_000 });
  try {
    await withClient(url, async (admin) => {
      await admin.query(fill(count));
      await admin.query(fillVerdicts);
      await admin.query('ANALYZE usher.audit_log, usher.shadow_verdicts');
    });
    await run(database);
  } finally {
    await database.close();
    await drop();
  }
}

const fill = (count: number) => `
  INSERT INTO usher.audit_log (decision_id, at, action, outcome, code, family, channel, principal_kind,
    principal_id, tenant_id, failed_check, policy, checks, request_id, address)
  SELECT lpad(to_hex(n % 7), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'),
    to_timestamp(${start / 1000} + n / 2 * ${stepMs / 1000}), 'subscribe',
    CASE WHEN n % 10 = 0 THEN 'refusal' ELSE 'grant' END,
    CASE WHEN n % 10 = 0 THEN 'not-allowed' END, 'private-{x}',
    CASE WHEN n % 10000 = 7 THEN 'private-rare' ELSE 'private-' || n % 100 END, 'user',
    CASE WHEN n % 10000 = 11 THEN 'rare' ELSE 'u' || n % 1000 END, 't' || n % 3,
    CASE WHEN n % 10000 = 10 THEN 'rare check' WHEN n % 10 = 0 THEN 'a check' END,
    CASE WHEN n < 100 THEN 'old' ELSE 'new' END,
    '[{"name":"a check","passed":true}]', 'r' || n, '127.0.0.1'
  FROM generate_series(0, ${count - 1}) AS n`;

/** A verdict for each decision, a little later; each hundredth disagrees. One has no decision any more. */
const fillVerdicts = `
  INSERT INTO usher.shadow_verdicts (decision_id, at, family, policy, side, answered, watched, result, reason)
  SELECT decision_id, at + interval '3 ms' * (1 + right(request_id, 1)::int % 2), family, policy, 'rules', outcome,
    CASE WHEN request_id LIKE '%37' THEN 'refusal' ELSE outcome END,
    CASE WHEN request_id LIKE '%37' THEN 'disagreed' ELSE 'agreed' END,
    CASE WHEN request_id LIKE '%37' THEN 'a rule' END
  FROM usher.audit_log
  UNION ALL SELECT 'removed', now(), 'private-{x}', 'old', 'rules', 'grant', 'refusal', 'disagreed', NULL`;

/** The plan of a page in the middle of the table, as Usher's own connections make it, and the rows that it read. */
export async function planOf(
  database: Database,
  filters: DecisionQuery,
  count: number,
): Promise<string> {
  const at = start + (count / 4) * stepMs;
  const before = { at, decisionId: '00000003-0000-4000-8000-000000000000' };
  const statement = pageStatement({ filters, before, limit: 50 });
  const [, , rows] = await database.query((prisma) =>
    prisma.$transaction([
      actAsOperator(prisma),
      readInOrder(prisma),
      prisma.$queryRaw<object[]>(Prisma.sql`EXPLAIN (ANALYZE, TIMING off) ${statement}`),
    ]),
  );
  return rows.map((row) => String(Object.values(row)[0])).join('\n');
}

/** The index that PostgreSQL uses for a filter. */
export const indexes: readonly (readonly [DecisionQuery, string])[] = [
  [{}, 'audit_log_at_idx'],
  [{ policy: 'old' }, 'audit_log_at_idx'],
  [{ outcome: 'grant' }, 'audit_log_at_idx'],
  [{ outcome: 'refusal' }, 'audit_log_refusals_at_idx'],
  [{ principal: 'u10' }, 'audit_log_principal_id_at_idx'],
  [
    { principal: 'u10', channel: 'private-10', outcome: 'refusal' },
    'audit_log_principal_id_at_idx',
  ],
  [{ channel: 'private-rare' }, 'audit_log_channel_at_idx'],
  [{ channel: 'private-10', code: 'not-allowed' }, 'audit_log_channel_at_idx'],
  [{ check: 'a check' }, 'audit_log_failed_check_at_idx'],
  [{ tenant: 't1' }, 'audit_log_tenant_id_at_idx'],
  [{ shadow: 'disagreed' }, 'shadow_verdicts_result_at_idx'],
  [{ shadow: 'disagreed', principal: 'u37', outcome: 'grant' }, 'shadow_verdicts_result_at_idx'],
];
