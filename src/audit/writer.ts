import type { TableCache, TableState } from '../database/cache/table-cache.ts';
import type { Database } from '../database/client.ts';
import type { AuditEntry, WriteEntries } from './audit-event.ts';
import { toRows } from './rows.ts';

/**
 * Writes `audit_log` and `security_events`. A decision from the cache is inserted only if the cache is current: the check
 * and the insertion are one statement, so they have the same snapshot (docs/freshness.md).
 */
export function createAuditWriter(
  database: Database,
  cache: Pick<TableCache, 'version' | 'snapshot' | 'refresh'>,
): WriteEntries {
  return async (entries) => {
    const version = cache.version();
    const isCurrent = (entry: AuditEntry) =>
      cacheVersionOf(entry) === undefined || cacheVersionOf(entry) === version;
    const snapshot = cache.snapshot();
    const { watched, horizon, xids } = snapshot;
    const { rows, checks } = toRows(entries.filter(isCurrent));
    const [row] = await database.execute({
      name: 'usher_audit',
      text: insertEntries,
      values: [JSON.stringify(rows), watched, horizon, xids, JSON.stringify(checks)],
    });
    const { holds, ...tables } = row as TableState & { readonly holds: boolean | null };
    cache.refresh(tables, snapshot);
    return entries.map(
      (entry) => cacheVersionOf(entry) === undefined || (holds === true && isCurrent(entry)),
    );
  };
}

function cacheVersionOf(entry: AuditEntry): number | undefined {
  return 'signal' in entry ? undefined : entry.cacheVersion;
}

/**
 * Rows are one JSON array: one round trip, one commit, atomic. Changes have transaction ids instead of times: a
 * transaction that commits late was not complete in the earlier snapshot (`xmin`). A change counts only when its
 * transaction is visible: otherwise a change from the dump of another server would already be known when a transaction of
 * this server gets the same id. Each connection has set `usher.server`, the server's identity, when it was opened; without
 * it the cache is never current.
 */
const insertEntries = `
  WITH recent_changes AS MATERIALIZED (
    SELECT xid, changed FROM table_changes
    WHERE xid >= coalesce($3::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
      AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      AND pg_visible_in_snapshot(xid::text::xid8, pg_current_snapshot()) AND xid <> ALL ($4::bigint[])
  ), tables AS MATERIALIZED (
    SELECT nullif(current_setting('usher.server', true), '') || coalesce(string_agg(
      ' ' || relname || ':' || concat_ws('.', pg_class.oid, relfilenode, pg_trigger.xmin), ''
      ORDER BY relname), '') AS watched
    FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE pg_class.oid IN (to_regclass('bookings'), to_regclass('escrows'), to_regclass('rooms'),
        to_regclass('orders'), to_regclass('guest_sessions'), to_regclass('revocations'))
      AND tgname = 'usher_note_change' AND tgenabled = 'A'
  ), state AS MATERIALIZED (
    SELECT watched, watched = $2 AND NOT EXISTS (SELECT FROM recent_changes) AS holds FROM tables
  ), entry AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS row(
      decision_id text, signal_id uuid, at double precision, action text, outcome text, code text,
      family text, channel text, socket_id text, principal_kind text, principal_id text,
      tenant_id text, failed_check text, checks int, request_id text, address text,
      user_agent text, signals text[], suppressed int, from_cache boolean)
    WHERE from_cache IS NOT TRUE OR (SELECT holds FROM state)
  ), inserted_decisions AS (
    INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent)
    SELECT decision_id, to_timestamp(at / 1000), action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, $5::jsonb -> checks, request_id, address,
      user_agent
    FROM entry WHERE decision_id IS NOT NULL
  ), inserted_events AS (
    INSERT INTO security_events
      (id, at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent, suppressed)
    SELECT coalesce(signal_id, gen_random_uuid()), to_timestamp(at / 1000), signal, decision_id,
      tenant_id, principal_id, request_id, address, user_agent, suppressed
    FROM entry CROSS JOIN LATERAL unnest(entry.signals) AS signal
  )
  SELECT watched, holds, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT coalesce(json_agg(json_build_object('xid', xid::text, 'changed', changed)), '[]') FROM recent_changes) AS changes
  FROM state`;
