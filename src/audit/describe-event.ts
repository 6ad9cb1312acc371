import { firstFailed } from '../policy/decision.ts';
import type { Policy } from '../policy/policy.ts';
import type {
  AuditableDecision,
  AuditEvent,
  Origin,
  OwnCode,
  SecurityEventType,
} from './audit-event.ts';

/** The audit event of a decision: ids and names of checks, no part of a credential. */
export function describeDecision(
  decision: AuditableDecision,
  origin: Origin,
  { at, policy }: { readonly at: number; readonly policy: string },
): AuditEvent {
  const { id, action, outcome, family, channel, socketId, principal, tenantId, checks } = decision;
  const failed = firstFailed(checks);
  // No spread: V8 creates a long object literal that begins with a spread as a dictionary, which is ten times slower.
  return {
    requestId: origin.requestId,
    address: origin.address,
    userAgent: origin.userAgent,
    decisionId: id,
    at,
    action,
    outcome,
    code: outcome === 'refusal' ? decision.code : undefined,
    policy: decision.policy ?? policy,
    family,
    // Only names that match the grammar, so a token sent as a channel name is not stored.
    channel: channel?.text,
    socketId,
    principalKind: principal?.kind,
    principalId: principal?.id,
    tenantId,
    failedCheck: failed?.name,
    checks,
  };
}

/**
 * The log line of a decision, only with the failed checks: all checks would be most of the log, and they are in the audit
 * log under the decision's id.
 */
export function toLogLine(event: AuditEvent): object {
  // Faster than omitting the field; JSON has no undefined fields.
  const line = { ...event, checks: undefined };
  if (event.failedCheck === undefined) return line;
  const failed = event.checks.filter(({ passed }) => !passed);
  return { ...line, failedChecks: failed.map(({ name }) => name) };
}

/** The security event of each code of Usher. A new code does not compile without an entry here. */
const signalByCode: Readonly<Record<OwnCode, SecurityEventType | undefined>> = {
  'malformed-request': undefined,
  // The upstream server has its own logs.
  'upstream-refused': undefined,
  'malformed-socket-id': undefined,
  'malformed-channel': undefined,
  'unknown-channel': undefined,
  'ambiguous-channel': undefined,
  'credential-missing': 'authentication-failed',
  'credential-conflict': 'authentication-failed',
  'credential-malformed': 'authentication-failed',
  'credential-expired': 'authentication-failed',
  'credential-rejected': 'authentication-failed',
  // An error of the configuration, not of the client.
  'credential-not-configured': undefined,
  'origin-refused': 'cross-origin',
  revoked: 'authentication-failed',
  'tenant-missing': undefined,
  'tenant-mismatch': 'cross-tenant',
  'fact-missing': undefined,
  'wrong-kind': undefined,
  'not-allowed': undefined,
  // The limiter writes one event per minute; an event for each refusal would fill the table.
  'too-many-authorizations': undefined,
  'too-many-subscriptions': undefined,
  'wrong-user': undefined,
  'server-key-missing': 'authentication-failed',
  'server-key-rejected': 'authentication-failed',
  'ticket-unknown': 'authentication-failed',
  'ticket-expired': 'authentication-failed',
  'ticket-replayed': 'ticket-replayed',
  'ticket-of-other-server': 'authentication-failed',
};

/** The security events of a decision: none for a grant. */
export function signalsOf(
  { code }: Pick<AuditEvent, 'code'>,
  codesOfPolicy: Policy['codes'],
): readonly SecurityEventType[] {
  if (code === undefined) return [];
  const signal = isOwnCode(code) ? signalByCode[code] : codesOfPolicy.get(code)?.event;
  return signal === undefined ? [] : [signal];
}

function isOwnCode(code: string): code is OwnCode {
  return Object.hasOwn(signalByCode, code);
}
