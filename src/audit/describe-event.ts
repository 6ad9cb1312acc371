import { firstFailed } from '../policy/decision.ts';
import { principalId } from '../policy/principal.ts';
import type { AuditEvent, Origin, AuditableDecision, SecurityEventType } from './audit-event.ts';

/** Describes a decision for the trail: ids and names of checks, nothing that was presented. */
export function describeDecision(
  decision: AuditableDecision,
  origin: Origin,
  at: number,
): AuditEvent {
  const { id, action, outcome, family, channel, socketId, principal, tenantId, checks } = decision;
  const failed = firstFailed(checks);
  // Every field by its name: V8 makes a dictionary of what begins with a spread and goes on for long, ten times as slow.
  return {
    requestId: origin.requestId,
    address: origin.address,
    userAgent: origin.userAgent,
    decisionId: id,
    at,
    action,
    outcome,
    code: outcome === 'refusal' ? decision.code : undefined,
    family,
    // Only names that passed the grammar get here, so a token sent as a name is not kept.
    channel: channel?.text,
    socketId,
    principalKind: principal?.kind,
    principalId: principal && principalId(principal),
    tenantId,
    failedCheck: failed?.name,
    checks,
  };
}

/**
 * What the log says of a decision: of the checks only those that failed. All of them, of every grant, would be most of what
 * is written, and stand in the trail under the decision's id.
 */
export function toLogLine(event: AuditEvent): object {
  // Emptied, which is faster than leaving it out; JSON has no field that is undefined.
  const line = { ...event, checks: undefined };
  if (event.failedCheck === undefined) return line;
  const failed = event.checks.filter(({ passed }) => !passed);
  return { ...line, failedChecks: failed.map(({ name }) => name) };
}

/** What a refusal tells a security reviewer. A new code does not compile until somebody has thought about it. */
const signalByCode: Readonly<
  Record<NonNullable<AuditEvent['code']>, SecurityEventType | undefined>
> = {
  'malformed-request': undefined,
  // The server behind has records of its own.
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
  // The fault is in our configuration.
  'credential-not-configured': undefined,
  'origin-refused': 'cross-origin',
  revoked: 'authentication-failed',
  'tenant-missing': undefined,
  'tenant-mismatch': 'cross-tenant',
  'hotel-mismatch': 'cross-tenant',
  'booking-mismatch': undefined,
  'fact-missing': undefined,
  'booking-closed': undefined,
  'wrong-kind': undefined,
  'not-allowed': undefined,
  // The limit itself tells of these: once a minute, where a signal for each would fill the table.
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

/** The security signals of an event: none for a grant. */
export function signalsOf(event: AuditEvent): readonly SecurityEventType[] {
  const signal = event.code === undefined ? undefined : signalByCode[event.code];
  return signal === undefined ? [] : [signal];
}
