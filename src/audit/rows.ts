import type { AuditEntry, AuditEvent } from './audit-event.ts';

/** Characters of one field at most: an index of PostgreSQL takes no value above 2,700 bytes. */
const longestField = 512;

/** Rows of one statement, and the lists of checks that they name by their place. */
export interface AuditRows {
  readonly rows: readonly object[];
  readonly checks: readonly ListOfChecks['list'][];
}

/** Spells entries as rows, with the names of our columns. */
export function toRows(entries: readonly AuditEntry[]): AuditRows {
  const lists = new Map<string, ListOfChecks>();
  const rows = entries.map((entry) => toRow(entry, lists));
  return { rows, checks: [...lists.values()].map(({ list }) => list) };
}

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
      at: signal.at,
      signal_id: signal.id,
      signals: [signal.signal],
      suppressed: signal.suppressed,
      principal_id: keepable(signal.principalId),
      tenant_id: keepable(signal.tenantId),
      request_id: keepable(signal.requestId),
      address: keepable(signal.address),
      user_agent: keepable(signal.userAgent),
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

/** Nearly every field is such a text, and need not be gone through for characters that it cannot have. */
const isPlain = new RegExp(`^[ -~]{0,${longestField}}$`);

/** What a visitor sent must not be able to stop its own record: NUL and half surrogates are replaced, long text is cut. */
function keepable(text: string | undefined): string | undefined {
  if (text === undefined || isPlain.test(text)) return text;
  return text.slice(0, longestField).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
