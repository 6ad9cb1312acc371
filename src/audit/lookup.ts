import type { Database } from '../database/client.ts';
import type { PrismaClient } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';
import { isStorable } from '../database/storable-text.ts';
import type { AuditEvent, FindDecision, SecurityEventType } from './audit-event.ts';

/** Values may be those of a newer Usher on the same database; missing ones are `null`. */
type Row = { readonly [Field in keyof AuditEvent]: AuditEvent[Field] | null } & {
  readonly signals: readonly SecurityEventType[];
};

/** Finds decisions in the audit log, for the operator: of any tenant. */
export function createFindDecision(database: Database): FindDecision {
  return async (decisionId) => {
    if (!isStorable(decisionId)) return undefined;
    const [, [row]] = await database.query((prisma) =>
      prisma.$transaction([actAsOperator(prisma), findRow(prisma, decisionId)]),
    );
    if (row === undefined) return undefined;
    const { signals, ...columns } = row;
    const fields = Object.entries(columns).filter(([, value]) => value !== null);
    return { decision: Object.fromEntries(fields) as unknown as AuditEvent, signals };
  };
}

/** Joins by time, which has an index in `security_events`; `decision_id` has none. */
function findRow(prisma: PrismaClient, decisionId: string) {
  return prisma.$queryRaw<Row[]>`
    SELECT decision_id AS "decisionId", (extract(epoch FROM at) * 1000)::float8 AS at, action,
      outcome, code, family, channel, socket_id AS "socketId", principal_kind AS "principalKind",
      principal_id AS "principalId", tenant_id AS "tenantId", failed_check AS "failedCheck",
      checks, request_id AS "requestId", address, user_agent AS "userAgent", policy,
      ARRAY(SELECT signal FROM security_events AS event
        WHERE event.at = audit_log.at AND event.decision_id = audit_log.decision_id
        ORDER BY signal) AS signals
    FROM audit_log WHERE decision_id = ${decisionId}`;
}
