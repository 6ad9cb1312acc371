import { Prisma } from '../database/generated/client.ts';
import type { ShadowVerdict } from './shadow-verdict.ts';
import type { AuditEvent, DecisionEntry, SecurityEventType } from './audit-event.ts';

/** Values may be those of a newer Usher on the same database; missing ones are `null`. */
export type DecisionRow = { readonly [Field in keyof AuditEvent]: AuditEvent[Field] | null } & {
  readonly signals: readonly SecurityEventType[];
  readonly shadow: ShadowVerdict | null;
};

/** The columns of a decision. Joins by time, which has an index in `security_events`; `decision_id` has none. */
export const decisionColumns = Prisma.sql`
  audit_log.decision_id AS "decisionId", (extract(epoch FROM audit_log.at) * 1000)::float8 AS at,
  action, outcome, code, family, channel, socket_id AS "socketId",
  principal_kind AS "principalKind", principal_id AS "principalId", tenant_id AS "tenantId",
  failed_check AS "failedCheck", checks, request_id AS "requestId", address,
  user_agent AS "userAgent", policy,
  ARRAY(SELECT signal FROM security_events AS event
    WHERE event.at = audit_log.at AND event.decision_id = audit_log.decision_id
    ORDER BY signal) AS signals,
  (SELECT json_strip_nulls(json_build_object('side', side, 'answered', answered, 'watched', watched,
      'result', result, 'reason', reason))
    FROM shadow_verdicts AS verdict WHERE verdict.decision_id = audit_log.decision_id) AS shadow`;

/** Further columns of the row stay in the decision, which no reader passes on as a whole. */
export function toEntry({ signals, shadow, ...columns }: DecisionRow): DecisionEntry {
  const fields = Object.entries(columns).filter(([, value]) => value !== null);
  const decision = Object.fromEntries(fields) as unknown as AuditEvent;
  return { decision, signals, ...(shadow !== null && { shadow }) };
}
