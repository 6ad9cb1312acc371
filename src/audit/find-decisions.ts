import type { Database } from '../database/client.ts';
import { Prisma, type PrismaClient } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';
import { isStorable } from '../database/storable-text.ts';
import {
  decisionFilters,
  type DecisionFilter,
  type DecisionFilterName,
  type DecisionPage,
  type DecisionPageQuery,
  type DecisionPosition,
} from './decision-filters.ts';
import type { FindDecision, AuditEvent, DecisionEntry, SecurityEventType } from './audit-event.ts';
import type { ShadowVerdict } from './shadow-verdict.ts';

/**
 * The number of rows that one query reads at most, so that a filter without an index costs no more on a large table. A
 * page may have fewer decisions than the limit, or none, and still a next one.
 */
export const maxScanned = 10_000;

/** Finds decisions of any tenant, for the operator. */
export async function findDecisions(
  database: Database,
  query: DecisionPageQuery,
): Promise<DecisionPage> {
  // No row has such a text, and PostgreSQL would refuse the query.
  if (!Object.values(query.filters).every(isStorable)) return { decisions: [], next: undefined };
  const [, , rows] = await database.query((prisma) =>
    prisma.$transaction([actAsOperator(prisma), readInOrder(prisma), findRows(prisma, query)]),
  );
  return toPage(rows, query.limit);
}

/** A row of the page with what was read for the page; `decisionId` is `null` if no row matches. */
type PageRow = DecisionRow & {
  /** The time of the row in the order of the page. */
  readonly foundAt: number;
  readonly read: {
    readonly count: number;
    readonly lastAt: number | null;
    readonly lastId: string | null;
  };
};

function toPage(rows: readonly PageRow[], limit: number): DecisionPage {
  const found = rows.filter(({ decisionId }) => decisionId !== null);
  const decisions = found.map(toEntry);
  const last = found.at(-1);
  if (last?.decisionId != null && decisions.length === limit) {
    return { decisions, next: { at: last.foundAt, decisionId: last.decisionId } };
  }
  const { count = 0, lastAt, lastId } = rows[0]?.read ?? {};
  if (count < maxScanned || lastAt == null || lastId == null) return { decisions, next: undefined };
  return { decisions, next: { at: lastAt, decisionId: lastId } };
}

/**
 * Makes an index scan of the filter's index the cheapest plan: it stops at the limit. A bitmap scan reads all rows with
 * the value before it sorts them, and a scan by time reads all rows. PostgreSQL would prefer these, since it expects
 * row-level security to leave a few rows only.
 */
export function readInOrder(prisma: PrismaClient) {
  return prisma.$executeRaw`SELECT set_config('enable_bitmapscan', 'off', true),
    set_config('random_page_cost', '0.1', true), set_config('seq_page_cost', '0.1', true)`;
}

function findRows(prisma: PrismaClient, query: DecisionPageQuery) {
  return prisma.$queryRaw<PageRow[]>(pageStatement(query));
}

/** The statement of a page. Exported for the test of its plan. */
export function pageStatement(query: DecisionPageQuery): Prisma.Sql {
  const { indexed, others } = conditionsOf(query);
  // Without another filter every row that is read is one of the page.
  const scanned = others.length === 0 ? query.limit : maxScanned;
  const newest = Prisma.sql`ORDER BY at DESC, decision_id DESC`;
  return Prisma.sql`
    WITH scanned AS MATERIALIZED (
      SELECT ${columnsOf(query)} FROM ${rowsOf(query)} WHERE ${all(indexed)} ${newest} LIMIT ${scanned}
    ), state AS (
      SELECT json_build_object('count', count(*), 'lastAt', extract(epoch FROM min(at)) * 1000,
        'lastId', (SELECT decision_id FROM scanned ORDER BY at, decision_id LIMIT 1)) AS read
      FROM scanned
    ), found AS (
      SELECT at, decision_id FROM scanned WHERE ${all(others)} ${newest} LIMIT ${query.limit}
    )
    SELECT state.read, (extract(epoch FROM found.at) * 1000)::float8 AS "foundAt", ${decisionColumns}
    FROM state LEFT JOIN (found JOIN audit_log USING (decision_id)) ON true
    ORDER BY found.at DESC, audit_log.decision_id DESC`;
}

/** The rows in which decisions are found: their own, or those of another table in its order of time. */
function rowsOf(query: DecisionPageQuery): Prisma.Sql {
  const names = namesOf(query.filters);
  const other = names.map((name) => filterOf(name).table).find((table) => table !== undefined);
  if (other === undefined) return Prisma.sql`audit_log`;
  const columns = names.map((name) =>
    Prisma.raw(`${filterOf(name).table ?? 'audit_log'}.${filterOf(name).column}`),
  );
  const table = Prisma.raw(other);
  return Prisma.sql`(
    SELECT ${table}.at, ${table}.decision_id, ${Prisma.join(columns)}
    FROM ${table} JOIN audit_log ON audit_log.decision_id = ${table}.decision_id) AS decisions`;
}

interface Conditions {
  readonly indexed: readonly Prisma.Sql[];
  readonly others: readonly Prisma.Sql[];
}

/** Only one filter determines which rows are read: for two, PostgreSQL could read any number of rows to find one. */
function conditionsOf({ filters, from, to, before }: DecisionPageQuery): Conditions {
  const given = namesOf(filters);
  // Rows of another table have no other index.
  const chosen =
    given.find((name) => filterOf(name).table !== undefined) ??
    given.find((name) => filterOf(name).isIndexed === true);
  const isRefusals = chosen === undefined && filters.outcome === 'refusal';
  const condition = (name: DecisionFilterName): Prisma.Sql =>
    Prisma.sql`${column(name)} = ${filters[name] ?? ''}`;
  const indexed = [
    ...(chosen === undefined ? [] : [condition(chosen)]),
    // A parameter would not match the condition of the index.
    ...(isRefusals ? [Prisma.sql`outcome = 'refusal'`] : []),
    ...(from === undefined ? [] : [Prisma.sql`at >= ${new Date(from)}`]),
    ...(to === undefined ? [] : [Prisma.sql`at < ${new Date(to)}`]),
    ...(before === undefined ? [] : [isBefore(before)]),
  ];
  const others = given.filter((name) => name !== chosen).map(condition);
  return { indexed, others };
}

/** The first condition bounds the range of the index. */
function isBefore({ at, decisionId }: DecisionPosition): Prisma.Sql {
  const time = new Date(Math.round(at));
  return Prisma.sql`at <= ${time} AND (at < ${time} OR decision_id < ${decisionId})`;
}

function columnsOf({ filters }: DecisionPageQuery): Prisma.Sql {
  return Prisma.join([Prisma.sql`at, decision_id`, ...namesOf(filters).map(column)]);
}

function namesOf(filters: DecisionPageQuery['filters']): readonly DecisionFilterName[] {
  const names = Object.keys(decisionFilters) as DecisionFilterName[];
  return names.filter((name) => filters[name] !== undefined);
}

function filterOf(name: DecisionFilterName): DecisionFilter {
  return decisionFilters[name];
}

/** The names are those of this program, never of a request. */
function column(name: DecisionFilterName): Prisma.Sql {
  return Prisma.raw(filterOf(name).column);
}

function all(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return conditions.length === 0 ? Prisma.sql`true` : Prisma.join([...conditions], ' AND ');
}

/** Finds a decision of any tenant in the audit log, for the operator. */
export async function findDecision(
  database: Database,
  decisionId: string,
): ReturnType<FindDecision> {
  if (!isStorable(decisionId)) return undefined;
  const [, [row]] = await database.query((prisma) =>
    prisma.$transaction([actAsOperator(prisma), findRow(prisma, decisionId)]),
  );
  return row && toEntry(row);
}

function findRow(prisma: PrismaClient, decisionId: string) {
  return prisma.$queryRaw<DecisionRow[]>`
    SELECT ${decisionColumns} FROM audit_log WHERE decision_id = ${decisionId}`;
}

/** Values may be those of a newer Usher on the same database; missing ones are `null`. */
type DecisionRow = { readonly [Field in keyof AuditEvent]: AuditEvent[Field] | null } & {
  readonly signals: readonly SecurityEventType[];
  readonly shadow: ShadowVerdict | null;
};

/** The columns of a decision. Joins by time, which has an index in `security_events`; `decision_id` has none. */
const decisionColumns = Prisma.sql`
  audit_log.decision_id AS "decisionId", (extract(epoch FROM audit_log.at) * 1000)::float8 AS at,
  action, outcome, code, family, channel, socket_id AS "socketId",
  principal_kind AS "principalKind", principal_id AS "principalId", tenant_id AS "tenantId",
  failed_check AS "failedCheck", checks, request_id AS "requestId", address,
  user_agent AS "userAgent", policy,
  ARRAY(SELECT signal FROM security_events AS event
    WHERE event.at = audit_log.at AND event.decision_id = audit_log.decision_id
    ORDER BY signal) AS signals,
  (SELECT json_strip_nulls(json_build_object('side', side, 'answered', answered, 'watched', watched,
      'result', result, 'reason', reason))
    FROM shadow_verdicts AS verdict WHERE verdict.decision_id = audit_log.decision_id) AS shadow`;

/** Further columns of the row stay in the decision, which no reader passes on as a whole. */
function toEntry({ signals, shadow, ...columns }: DecisionRow): DecisionEntry {
  const fields = Object.entries(columns).filter(([, value]) => value !== null);
  const decision = Object.fromEntries(fields) as unknown as AuditEvent;
  return { decision, signals, ...(shadow !== null && { shadow }) };
}
