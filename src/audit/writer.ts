import {
  checkFreshness,
  freshnessValues,
  selectTableState,
  type TableCache,
  type TableState,
} from '../database/cache/freshness.ts';
import type { Database } from '../database/client.ts';
import type { AuditEntry, WriteEntries } from './audit-event.ts';
import { toRows } from './rows.ts';

/**
 * Creates the writer of `audit_log` and `security_events`. One statement checks the cache and inserts the rows, so no change
 * falls between them; a decision that used a stale cache is not written.
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
    const { rows, checks } = toRows(entries.filter(isCurrent));
    const [row] = await database.execute({
      name: 'usher_audit',
      text: checkAndInsert,
      values: [...freshnessValues(snapshot), JSON.stringify(rows), JSON.stringify(checks)],
    });
    const { isFresh, ...state } = row as TableState & { readonly isFresh: boolean | null };
    cache.refresh(state, snapshot);
    return entries.map(
      (entry) => cacheVersionOf(entry) === undefined || (isFresh === true && isCurrent(entry)),
    );
  };
}

function cacheVersionOf(entry: AuditEntry): number | undefined {
  return 'signal' in entry ? undefined : entry.cacheVersion;
}

/** Inserts any number of rows, given as JSON; rows of decisions that used the cache only if `freshness` says that it is fresh. */
const insertEntries = `
  entry AS MATERIALIZED (
    SELECT * FROM json_to_recordset($4::json) AS row(
      decision_id text, signal_id uuid, at double precision, action text, outcome text, code text,
      family text, channel text, socket_id text, principal_kind text, principal_id text,
      tenant_id text, failed_check text, checks int, request_id text, address text,
      user_agent text, signals text[], suppressed int, from_cache boolean, policy text)
    WHERE from_cache IS NOT TRUE OR (SELECT is_fresh FROM freshness)
  ), inserted_decisions AS (
    INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent, policy)
    SELECT decision_id, to_timestamp(at / 1000), action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, $5::jsonb -> checks, request_id, address,
      user_agent, policy
    FROM entry WHERE decision_id IS NOT NULL
  ), inserted_events AS (
    INSERT INTO security_events
      (id, at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent, suppressed)
    SELECT coalesce(signal_id, gen_random_uuid()), to_timestamp(at / 1000), signal, decision_id,
      tenant_id, principal_id, request_id, address, user_agent, suppressed
    FROM entry CROSS JOIN LATERAL unnest(entry.signals) AS signal
  )`;

/** One statement is one snapshot, one round trip and one commit. */
const checkAndInsert = `WITH ${checkFreshness}, ${insertEntries} ${selectTableState}`;
