import {
  checkFreshness,
  freshnessValues,
  selectTableState,
  type TableCache,
  type TableState,
} from '../database/cache/freshness.ts';
import type { Database } from '../database/client.ts';
import type { AuditEntry, AuditEvent, WriteEntries } from './audit-event.ts';

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

/** In characters. PostgreSQL does not index values over 2,700 bytes. */
const maxFieldLength = 512;

/** The rows of one statement, and the lists of checks that they reference by index. */
interface AuditRows {
  readonly rows: readonly object[];
  readonly checks: readonly CheckList['list'][];
}

/** Converts entries to rows with the names of the columns. */
function toRows(entries: readonly AuditEntry[]): AuditRows {
  const lists = new Map<string, CheckList>();
  const rows = entries.map((entry) => toRow(entry, lists));
  return { rows, checks: [...lists.values()].map(({ list }) => list) };
}

interface CheckList {
  readonly index: number;
  readonly list: readonly { readonly name: string; readonly passed: boolean }[];
}

/** Most rows of a statement have the same checks, which would be most of its size if each row contained them. */
function checkListIndex(checks: AuditEvent['checks'], lists: Map<string, CheckList>): number {
  const key = checks.map(({ name, passed }) => (passed ? name : `!${name}`)).join('\n');
  const existing = lists.get(key);
  if (existing !== undefined) return existing.index;
  const list = checks.map(({ name, passed }) => ({ name, passed }));
  const index = lists.size;
  lists.set(key, { index, list });
  return index;
}

function toRow(entry: AuditEntry, lists: Map<string, CheckList>): object {
  // No spread, as in `describeDecision`.
  if ('signal' in entry) {
    const { signal } = entry;
    return {
      at: signal.at,
      signal_id: signal.id,
      signals: [signal.signal],
      suppressed: signal.suppressed,
      principal_id: storableField(signal.principalId),
      tenant_id: storableField(signal.tenantId),
      request_id: storableField(signal.requestId),
      address: storableField(signal.address),
      user_agent: storableField(signal.userAgent),
    };
  }
  const { decision, signals } = entry;
  return {
    at: decision.at,
    decision_id: decision.decisionId,
    action: decision.action,
    outcome: decision.outcome,
    code: decision.code,
    family: decision.family,
    channel: storableField(decision.channel),
    socket_id: storableField(decision.socketId),
    principal_kind: decision.principalKind,
    principal_id: storableField(decision.principalId),
    tenant_id: storableField(decision.tenantId),
    failed_check: storableField(decision.failedCheck),
    checks: checkListIndex(decision.checks, lists),
    policy: decision.policy,
    request_id: storableField(decision.requestId),
    address: storableField(decision.address),
    user_agent: storableField(decision.userAgent),
    signals,
    from_cache: entry.cacheVersion !== undefined,
  };
}

/** A fast path: nearly all fields match. */
const isPlain = new RegExp(`^[ -~]{0,${maxFieldLength}}$`);

/** Text from a client must not make its own row fail: replaces NUL and lone surrogates, and truncates long text. */
function storableField(text: string | undefined): string | undefined {
  if (text === undefined || isPlain.test(text)) return text;
  return text.slice(0, maxFieldLength).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
