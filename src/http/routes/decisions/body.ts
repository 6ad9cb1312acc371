import type { DecisionEntry } from '../../../audit/audit-event.ts';
import { remedyFor } from '../../../audit/remedies.ts';
import type { Policy } from '../../../policy/policy.ts';

/** The body of a recorded decision. The remedy is that of the policy in use. */
export function decisionBody({ decision, signals, shadow }: DecisionEntry, policy: Policy) {
  const { code, principalKind, principalId } = decision;
  return {
    decision_id: decision.decisionId,
    at: new Date(Math.round(decision.at)).toISOString(),
    action: decision.action,
    outcome: decision.outcome,
    code,
    remedy: code && remedyFor(code, policy),
    policy: decision.policy,
    family: decision.family,
    channel: decision.channel,
    socket_id: decision.socketId,
    principal: principalKind && { kind: principalKind, id: principalId },
    tenant_id: decision.tenantId,
    failed_check: decision.failedCheck,
    checks: decision.checks,
    signals,
    shadow,
    origin: {
      request_id: decision.requestId,
      address: decision.address,
      user_agent: decision.userAgent,
    },
  };
}
