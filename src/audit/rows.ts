import type { AuditEntry, AuditEvent } from './audit-event.ts';

/** In characters. PostgreSQL does not index values over 2,700 bytes. */
const maxFieldLength = 512;

/** The rows of one statement, and the lists of checks that they reference by index. */
export interface AuditRows {
  readonly rows: readonly object[];
  readonly checks: readonly CheckList['list'][];
}

/** Converts entries to rows with the names of the columns. */
export function toRows(entries: readonly AuditEntry[]): AuditRows {
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
