import type { AuditEntry, SignalEvent, WriteEntries } from '../core/audit-event.ts';
import type { Database } from './client.ts';

/** Characters of one field at most: an index of PostgreSQL takes no value above 2,700 bytes. */
const longestField = 512;

/** Creates the writer of `audit_log` and `security_events`. */
export function createAuditWriter(database: Database): WriteEntries {
  return async (entries) => {
    await database.run({
      name: 'usher_audit',
      text: insertEntries,
      values: [JSON.stringify(entries.map(toRow))],
    });
  };
}

/** Takes any number of rows, as JSON: one statement is one round trip, one commit, and atomic by itself. */
const insertEntries = `
  WITH entry AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS row(
      decision_id text, signal_id uuid, at timestamptz, action text, outcome text, code text,
      family text, channel text, socket_id text, principal_kind text, principal_id text,
      tenant_id text, failed_check text, checks jsonb, request_id text, address text,
      user_agent text, signals text[])
  ), kept AS (
    INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent)
    SELECT decision_id, at, action, outcome, code, family, channel, socket_id,
      principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent
    FROM entry WHERE decision_id IS NOT NULL
  )
  INSERT INTO security_events
    (id, at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent)
  SELECT coalesce(signal_id, gen_random_uuid()),
    at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent
  FROM entry CROSS JOIN LATERAL unnest(entry.signals) AS signal`;

function toRow(entry: AuditEntry): object {
  if ('signal' in entry) {
    const { id, signal } = entry.signal;
    return { ...sharedColumns(entry.signal), signal_id: id, signals: [signal] };
  }
  const { decision, signals } = entry;
  return {
    ...sharedColumns(decision),
    decision_id: decision.decisionId,
    action: decision.action,
    outcome: decision.outcome,
    code: decision.code,
    family: decision.family,
    channel: keepable(decision.channel),
    socket_id: keepable(decision.socketId),
    principal_kind: decision.principalKind,
    failed_check: decision.failedCheck,
    checks: decision.checks,
    signals,
  };
}

/** What decisions and signals both have. */
type Shared = Omit<SignalEvent, 'id' | 'signal'>;

function sharedColumns({ at, principalId, tenantId, requestId, address, userAgent }: Shared) {
  return {
    // With its zone, so that the session's zone does not matter.
    at: new Date(at).toISOString(),
    principal_id: keepable(principalId),
    tenant_id: keepable(tenantId),
    request_id: keepable(requestId),
    address: keepable(address),
    user_agent: keepable(userAgent),
  };
}

/** Nearly every field is such a text, and need not be gone through for characters that it cannot have. */
const isPlain = new RegExp(`^[ -~]{0,${longestField}}$`);

/** What a visitor sent must not be able to stop its own record: NUL and half surrogates are replaced, long text is cut. */
function keepable(text: string | undefined): string | undefined {
  if (text === undefined || isPlain.test(text)) return text;
  return text.slice(0, longestField).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
