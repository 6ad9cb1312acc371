import type { AuditEntry, AuditEvent, WriteEntries } from '../core/audit-event.ts';
import type { Database } from './client.ts';
import type { TableMemory, TablesSeen } from './table-memory.ts';

/** Characters of one field at most: an index of PostgreSQL takes no value above 2,700 bytes. */
const longestField = 512;

/**
 * Creates the writer of `audit_log` and `security_events`. A decision that was made from memory is written only if nothing
 * has changed since: the same statement, and so the same moment, says what the tables are and keeps what rests on them.
 */
export function createAuditWriter(
  database: Database,
  memory: Pick<TableMemory, 'version' | 'known' | 'learn'>,
): WriteEntries {
  return async (entries) => {
    const version = memory.version();
    const isCurrent = (entry: AuditEntry) => asOf(entry) === undefined || asOf(entry) === version;
    const { watched, horizon, known } = memory.known();
    const checks = new Map<string, ListOfChecks>();
    const rows = JSON.stringify(entries.filter(isCurrent).map((entry) => toRow(entry, checks)));
    const lists = JSON.stringify([...checks.values()].map(({ list }) => list));
    const [seen] = await database.run({
      name: 'usher_audit',
      text: insertEntries,
      values: [rows, watched, horizon, known, lists],
    });
    const { holds, ...tables } = seen as TablesSeen & { readonly holds: boolean | null };
    memory.learn(tables);
    return entries.map(
      (entry) => asOf(entry) === undefined || (holds === true && isCurrent(entry)),
    );
  };
}

function asOf(entry: AuditEntry): number | undefined {
  return 'signal' in entry ? undefined : entry.asOf;
}

/**
 * Takes any number of rows, as JSON: one statement is one round trip, one commit, and atomic by itself. Numbers of
 * transactions instead of times: what commits late has a number that was not over before (`xmin` of the snapshot).
 */
const insertEntries = `
  WITH noted AS MATERIALIZED (
    SELECT xid, changed FROM table_changes WHERE xid >= $3::bigint AND xid <> ALL ($4::bigint[])
  ), tables AS MATERIALIZED (
    SELECT extract(epoch FROM pg_postmaster_start_time()) || coalesce(
      string_agg(' ' || relname || ':' || pg_class.oid, '' ORDER BY relname), '') AS watched
    FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE pg_class.oid IN (to_regclass('bookings'), to_regclass('escrows'), to_regclass('rooms'),
        to_regclass('orders'), to_regclass('guest_sessions'), to_regclass('revocations'))
      AND tgname = 'usher_note_change' AND tgenabled = 'A'
  ), seen AS MATERIALIZED (
    SELECT watched, watched = $2 AND NOT EXISTS (SELECT FROM noted) AS holds FROM tables
  ), entry AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS row(
      decision_id text, signal_id uuid, at timestamptz, action text, outcome text, code text,
      family text, channel text, socket_id text, principal_kind text, principal_id text,
      tenant_id text, failed_check text, checks int, request_id text, address text,
      user_agent text, signals text[], remembered boolean)
    WHERE remembered IS NOT TRUE OR (SELECT holds FROM seen)
  ), kept AS (
    INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent)
    SELECT decision_id, at, action, outcome, code, family, channel, socket_id, principal_kind,
      principal_id, tenant_id, failed_check, $5::jsonb -> checks, request_id, address, user_agent
    FROM entry WHERE decision_id IS NOT NULL
  ), told AS (
    INSERT INTO security_events
      (id, at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent)
    SELECT coalesce(signal_id, gen_random_uuid()),
      at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent
    FROM entry CROSS JOIN LATERAL unnest(entry.signals) AS signal
  )
  SELECT watched, holds, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT coalesce(json_agg(json_build_object('xid', xid::text, 'changed', changed)), '[]') FROM noted) AS changes
  FROM seen`;

/** The checks of a decision, and their place among the lists of a statement. */
interface ListOfChecks {
  readonly place: number;
  readonly list: readonly { readonly name: string; readonly passed: boolean }[];
}

/** Where these checks stand; most rows of a statement have the same ones, which would be most of what is sent. */
function placeOf(checks: AuditEvent['checks'], lists: Map<string, ListOfChecks>): number {
  const key = checks.map(({ name, passed }) => (passed ? name : `!${name}`)).join('\n');
  const known = lists.get(key);
  if (known !== undefined) return known.place;
  const list = checks.map(({ name, passed }) => ({ name, passed }));
  const place = lists.size;
  lists.set(key, { place, list });
  return place;
}

function toRow(entry: AuditEntry, lists: Map<string, ListOfChecks>): object {
  // Every column by its name, as in `describeDecision`.
  if ('signal' in entry) {
    const { signal } = entry;
    return {
      at: timeOf(signal),
      signal_id: signal.id,
      signals: [signal.signal],
      principal_id: keepable(signal.principalId),
      tenant_id: keepable(signal.tenantId),
      request_id: keepable(signal.requestId),
      address: keepable(signal.address),
      user_agent: keepable(signal.userAgent),
    };
  }
  const { decision, signals } = entry;
  return {
    at: timeOf(decision),
    decision_id: decision.decisionId,
    action: decision.action,
    outcome: decision.outcome,
    code: decision.code,
    family: decision.family,
    channel: keepable(decision.channel),
    socket_id: keepable(decision.socketId),
    principal_kind: decision.principalKind,
    principal_id: keepable(decision.principalId),
    tenant_id: keepable(decision.tenantId),
    failed_check: decision.failedCheck,
    checks: placeOf(decision.checks, lists),
    request_id: keepable(decision.requestId),
    address: keepable(decision.address),
    user_agent: keepable(decision.userAgent),
    signals,
    remembered: entry.asOf !== undefined,
  };
}

/** With its zone, so that the session's zone does not matter. */
function timeOf({ at }: { readonly at: number }): string {
  return new Date(at).toISOString();
}

/** Nearly every field is such a text, and need not be gone through for characters that it cannot have. */
const isPlain = new RegExp(`^[ -~]{0,${longestField}}$`);

/** What a visitor sent must not be able to stop its own record: NUL and half surrogates are replaced, long text is cut. */
function keepable(text: string | undefined): string | undefined {
  if (text === undefined || isPlain.test(text)) return text;
  return text.slice(0, longestField).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
