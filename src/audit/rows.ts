import type { AuditEntry, AuditEvent } from './audit-event.ts';

/** Characters of one field at most: an index of PostgreSQL takes no value above 2,700 bytes. */
const maxFieldLength = 512;

/** Rows of one statement, and the lists of checks that they name by their place. */
export interface AuditRows {
  readonly rows: readonly object[];
  readonly checks: readonly CheckList['list'][];
}

/** Spells entries as rows, with the names of our columns. */
export function toRows(entries: readonly AuditEntry[]): AuditRows {
  const lists = new Map<string, CheckList>();
  const rows = entries.map((entry) => toRow(entry, lists));
  return { rows, checks: [...lists.values()].map(({ list }) => list) };
}

/** The checks of a decision, and their place among the lists of a statement. */
interface CheckList {
  readonly index: number;
  readonly list: readonly { readonly name: string; readonly passed: boolean }[];
}

/** Where these checks stand; most rows of a statement have the same ones, which would be most of what is sent. */
function checkListIndex(checks: AuditEvent['checks'], lists: Map<string, CheckList>): number {
  const key = checks.map(({ name, passed }) => (passed ? name : `!${name}`)).join('\n');
  const known = lists.get(key);
  if (known !== undefined) return known.index;
  const list = checks.map(({ name, passed }) => ({ name, passed }));
  const index = lists.size;
  lists.set(key, { index, list });
  return index;
}

function toRow(entry: AuditEntry, lists: Map<string, CheckList>): object {
  // Every column by its name, as in `describeDecision`.
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
    failed_check: decision.failedCheck,
    checks: checkListIndex(decision.checks, lists),
    request_id: storableField(decision.requestId),
    address: storableField(decision.address),
    user_agent: storableField(decision.userAgent),
    signals,
    remembered: entry.cacheVersion !== undefined,
  };
}

/** Nearly every field is such a text, and need not be gone through for characters that it cannot have. */
const isPlain = new RegExp(`^[ -~]{0,${maxFieldLength}}$`);

/** What a visitor sent must not be able to stop its own record: NUL and half surrogates are replaced, long text is cut. */
function storableField(text: string | undefined): string | undefined {
  if (text === undefined || isPlain.test(text)) return text;
  return text.slice(0, maxFieldLength).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
