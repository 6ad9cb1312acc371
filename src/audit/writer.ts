import {
  checkFreshness,
  freshnessValues,
  selectTableState,
  type TableCache,
  type TableState,
} from '../database/cache/freshness.ts';
import type { Database } from '../database/client.ts';
import type {
  AuditEntry,
  AuditEvent,
  DecisionEntry,
  SecurityEvent,
  WriteEntries,
} from './audit-event.ts';

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
    const { decisions, events, checks } = toTexts(entries.filter(isCurrent));
    const [row] = await database.execute({
      name: 'usher_audit',
      text: checkAndInsert,
      values: [...freshnessValues(snapshot), decisions, events, JSON.stringify(checks)],
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

/** The columns of a decision and their types, in the order of its values. `checks` is an index in the list of `$6`. */
const decisionTypes = {
  decision_id: 'text',
  at: 'double precision',
  action: 'text',
  outcome: 'text',
  code: 'text',
  family: 'text',
  channel: 'text',
  socket_id: 'text',
  principal_kind: 'text',
  principal_id: 'text',
  tenant_id: 'text',
  failed_check: 'text',
  checks: 'int',
  policy: 'text',
  request_id: 'text',
  address: 'text',
  user_agent: 'text',
  from_cache: 'boolean',
} as const;

/** The columns of an event and their types. An event of a decision has no id yet. */
const eventTypes = {
  id: 'uuid',
  at: 'double precision',
  signal: 'text',
  decision_id: 'text',
  tenant_id: 'text',
  principal_id: 'text',
  request_id: 'text',
  address: 'text',
  user_agent: 'text',
  suppressed: 'int',
  from_cache: 'boolean',
} as const;

type Types = Readonly<Record<string, string>>;

/** The ends of a row and of a value, and the mark of a missing value. */
const [rowEnd, valueEnd, missing] = ['\x1e', '\x1f', '\x1d'];

/**
 * Rows that are given as one text, which costs PostgreSQL two thirds of the same rows as JSON. Rows of decisions that used the
 * cache only if it was fresh.
 */
const rowsOf = (parameter: string, types: Types): string => {
  const values = Object.entries(types).map(
    ([name, type], i) => `value[${i + 1}]::${type} AS ${name}`,
  );
  return `(
    SELECT * FROM (
      SELECT ${values.join(', ')} FROM unnest(string_to_array(${parameter}, E'${rowEnd}')) AS row,
        string_to_array(row, E'${valueEnd}', E'${missing}') AS value
    ) AS given
    WHERE from_cache IS NOT TRUE OR (SELECT is_fresh FROM freshness)
  ) AS given`;
};

const insertEntries = `
  inserted_decisions AS (
    INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent, policy)
    SELECT decision_id, to_timestamp(at / 1000), action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, $6::jsonb -> checks, request_id, address,
      user_agent, policy
    FROM ${rowsOf('$4', decisionTypes)}
  ), inserted_events AS (
    INSERT INTO security_events
      (id, at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent, suppressed)
    SELECT coalesce(id, gen_random_uuid()), to_timestamp(at / 1000), signal, decision_id,
      tenant_id, principal_id, request_id, address, user_agent, suppressed
    FROM ${rowsOf('$5', eventTypes)}
  )`;

/** One statement is one snapshot, one round trip and one commit. */
const checkAndInsert = `WITH ${checkFreshness}, ${insertEntries} ${selectTableState}`;

/** The parameters of one statement: the rows of both tables, and the lists of checks that decisions reference by index. */
interface AuditTexts {
  readonly decisions: string;
  readonly events: string;
  readonly checks: readonly CheckList['list'][];
}

function toTexts(entries: readonly AuditEntry[]): AuditTexts {
  const lists = new Map<string, CheckList>();
  const decisions: string[] = [];
  const events: string[] = [];
  for (const entry of entries) {
    if ('signal' in entry) {
      events.push(eventText(entry.signal));
      continue;
    }
    decisions.push(decisionText(entry, checkListIndex(entry.decision.checks, lists)));
    for (const signal of entry.signals) {
      events.push(eventText({ ...entry.decision, signal }, entry.cacheVersion));
    }
  }
  return {
    decisions: decisions.join(rowEnd),
    events: events.join(rowEnd),
    checks: [...lists.values()].map(({ list }) => list),
  };
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

/** The values in the order of `eventTypes`. */
function eventText(
  event: Omit<SecurityEvent, 'id'> & { readonly id?: string; readonly decisionId?: string },
  cacheVersion?: number,
): string {
  return [
    event.id ?? missing,
    event.at,
    event.signal,
    storable(event.decisionId),
    storable(event.tenantId),
    storable(event.principalId),
    storable(event.requestId),
    storable(event.address),
    storable(event.userAgent),
    event.suppressed ?? missing,
    cacheVersion !== undefined,
  ].join(valueEnd);
}

/** The values in the order of `decisionTypes`. */
function decisionText({ decision, cacheVersion }: DecisionEntry, checks: number): string {
  return [
    storable(decision.decisionId),
    decision.at,
    decision.action,
    decision.outcome,
    storable(decision.code),
    storable(decision.family),
    storable(decision.channel),
    storable(decision.socketId),
    storable(decision.principalKind),
    storable(decision.principalId),
    storable(decision.tenantId),
    storable(decision.failedCheck),
    checks,
    storable(decision.policy),
    storable(decision.requestId),
    storable(decision.address),
    storable(decision.userAgent),
    cacheVersion !== undefined,
  ].join(valueEnd);
}

/** In characters. PostgreSQL does not index values over 2,700 bytes. */
const maxFieldLength = 512;

/** A fast path: nearly all texts match. */
const isPlain = new RegExp(`^[ -~]{0,${maxFieldLength}}$`);

/** NUL, the separators (U+001D to U+001F) and lone surrogates. */
const unstorable = new RegExp(`[\\0${missing}-${valueEnd}\\p{Cs}]`, 'gu');

/**
 * Text from a client must not make its own row fail, or change another value: replaces NUL, lone surrogates and the separators,
 * and truncates long text.
 */
function storable(text: string | undefined): string {
  if (text === undefined) return missing;
  if (isPlain.test(text)) return text;
  return text.slice(0, maxFieldLength).replace(unstorable, '\uFFFD');
}
