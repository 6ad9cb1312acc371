import type { AuditEvent, AuditTrail, SecuritySignal, SignalEvent } from '../core/audit-event.ts';
import type { Database } from './client.ts';
import type { PrismaClient } from './generated/client.ts';

/** Characters of one field at most: an index of PostgreSQL takes no value above 2,700 bytes. */
const longestField = 512;

/** An audit trail in `audit_log` and `security_events`; an event and its signals are kept together or not at all. */
export function createAuditTrail(database: Database): AuditTrail {
  return {
    async append(event, signals) {
      const rows = JSON.stringify([toRow(event, signals)]);
      await database.ask((prisma) => insert(prisma, rows));
    },
    async appendSignal(event) {
      await database.ask((prisma) => insertSignal(prisma, event));
    },
  };
}

/** Takes any number of rows, as JSON: one statement is one round trip and atomic by itself. */
function insert(prisma: PrismaClient, rows: string): Promise<number> {
  return prisma.$executeRaw`
    WITH event AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset(${rows}::jsonb) AS row(
        decision_id text, at timestamptz, action text, outcome text, code text, family text,
        channel text, socket_id text, principal_kind text, principal_id text, tenant_id text,
        failed_check text, checks jsonb, request_id text, address text, user_agent text, signals text[])
    ), kept AS (
      INSERT INTO audit_log (decision_id, at, action, outcome, code, family, channel, socket_id,
        principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent)
      SELECT decision_id, at, action, outcome, code, family, channel, socket_id,
        principal_kind, principal_id, tenant_id, failed_check, checks, request_id, address, user_agent
      FROM event
    )
    INSERT INTO security_events
      (at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent)
    SELECT at, signal, decision_id, tenant_id, principal_id, request_id, address, user_agent
    FROM event CROSS JOIN LATERAL unnest(event.signals) AS signal`;
}

function insertSignal(prisma: PrismaClient, event: SignalEvent): Promise<number> {
  return prisma.$executeRaw`
    INSERT INTO security_events
      (at, signal, tenant_id, principal_id, request_id, address, user_agent)
    VALUES (
      ${new Date(event.at).toISOString()}::timestamptz, ${event.signal},
      ${keepable(event.tenantId)}, ${keepable(event.principalId)}, ${keepable(event.requestId)},
      ${keepable(event.address)}, ${keepable(event.userAgent)})`;
}

function toRow(event: AuditEvent, signals: readonly SecuritySignal[]) {
  return {
    decision_id: event.decisionId,
    // With its zone, so that the session's zone does not matter.
    at: new Date(event.at).toISOString(),
    action: event.action,
    outcome: event.outcome,
    code: event.code,
    family: event.family,
    channel: keepable(event.channel),
    socket_id: keepable(event.socketId),
    principal_kind: event.principalKind,
    principal_id: keepable(event.principalId),
    tenant_id: keepable(event.tenantId),
    failed_check: event.failedCheck,
    checks: event.checks.map(({ name, passed }) => ({ name, passed })),
    request_id: keepable(event.requestId),
    address: keepable(event.address),
    user_agent: keepable(event.userAgent),
    signals,
  };
}

/** What a visitor sent must not be able to stop its own record: NUL and half surrogates are replaced, long text is cut. */
function keepable(text: string | undefined): string | undefined {
  return text?.slice(0, longestField).replace(/[\0\p{Cs}]/gu, '\uFFFD');
}
