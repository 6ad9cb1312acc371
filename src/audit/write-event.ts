import { withSpan } from '../observability/tracing/span.ts';
import type { SpanAttributes } from '../observability/tracing/tracer.ts';
import type {
  AuditEvent,
  AuditLog,
  WriteDecision,
  AuditableDecision,
  AuditableRefusal,
  LimitRefusal,
  WriteSecurityEvent,
  SecurityEvent,
  Origin,
  SecurityEventType,
} from './audit-event.ts';
import type { Policy } from '../policy/policy.ts';
import { firstFailed } from '../policy/decision.ts';
import { securityEventsOf } from './security-events.ts';
import { createFixedWindow } from '../rate-limit/fixed-window.ts';

interface WriteDecisionDeps {
  readonly auditLog: AuditLog;
  readonly limitRefusal: LimitRefusal;
  readonly log: Readonly<Record<'info' | 'warn', (about: object, message: string) => void>>;
  /** Called for each written decision. */
  readonly observers: readonly ((event: AuditEvent) => void)[];
  /** The policy in use. Its hash is that of decisions without channel rules, such as a sign-in. */
  readonly policy: () => Pick<Policy, 'hash' | 'codes'>;
  readonly now: () => number;
}

/** Writes decisions to the audit log, the log and the metrics. */
export function createWriteDecision({
  auditLog,
  limitRefusal,
  log,
  observers,
  policy,
  now,
}: WriteDecisionDeps): WriteDecision {
  const write: WriteDecision = async (decision, origin, cacheVersion) => {
    const { hash, codes } = policy();
    const event = describeDecision(decision, origin, { at: now(), policy: hash });
    const { code } = event;
    const signals = code === undefined ? [] : securityEventsOf(code, codes);
    const entry = { decision: event, signals, cacheVersion };
    let isWritten: boolean;
    try {
      isWritten = await auditLog.append(entry);
    } catch (error) {
      // The client gets 503: a log line with "granted" would be wrong.
      const line = { ...toLogLine(event), outcome: 'unavailable' };
      log.warn(
        { decision: line },
        'responded with 503: the decision could not be written to the audit log',
      );
      throw error;
    }
    // The caller decides again with current facts.
    if (!isWritten) return false;
    log.info({ decision: toLogLine(event) }, event.outcome === 'grant' ? 'granted' : 'refused');
    for (const observe of observers) observe(event);
    return true;
  };
  const writeInSpan: WriteDecision = (decision, origin, cacheVersion) =>
    withSpan(
      'audit',
      () => write(decision, origin, cacheVersion),
      (isWritten): SpanAttributes =>
        isWritten ? attributesOf(decision) : { 'usher.outcome': 'outdated' },
    );
  const writeRefusal = async (
    refusal: AuditableRefusal,
    origin: Origin,
    cacheVersion: number | undefined,
  ): Promise<boolean> => {
    const limited = await limitRefusal(refusal, origin, cacheVersion);
    return limited === 'written'
      ? writeInSpan(refusal, origin, cacheVersion)
      : limited === 'unwritten';
  };
  return (decision, origin, cacheVersion) =>
    decision.outcome === 'grant'
      ? writeInSpan(decision, origin, cacheVersion)
      : writeRefusal(decision, origin, cacheVersion);
}

function attributesOf(decision: AuditableDecision): SpanAttributes {
  const { id, action, family, outcome } = decision;
  return {
    'usher.decision_id': id,
    'usher.action': action,
    'usher.outcome': outcome,
    ...(family !== undefined && { 'usher.family': family }),
    ...(outcome === 'refusal' && { 'usher.code': decision.code }),
  };
}

interface WriteSecurityEventDeps {
  readonly auditLog: AuditLog;
  readonly log: (event: SecurityEvent) => void;
  /** Generates a UUID. */
  readonly newId: () => string;
  readonly now: () => number;
}

/** Writes security events that are not part of a decision to the log and the audit log. */
export function createWriteSecurityEvent({
  auditLog,
  log,
  newId,
  now,
}: WriteSecurityEventDeps): WriteSecurityEvent {
  return async (signal, { origin, ...about }) => {
    const event = { ...origin, ...about, signal, id: newId(), at: now() };
    log(event);
    await auditLog.append({ signal: event });
  };
}

/** The audit event of a decision: ids and names of checks, no part of a credential. */
function describeDecision(
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
  // No spread, as in `describeDecision`. JSON has no undefined fields.
  return {
    requestId: event.requestId,
    address: event.address,
    userAgent: event.userAgent,
    decisionId: event.decisionId,
    at: event.at,
    action: event.action,
    outcome: event.outcome,
    code: event.code,
    policy: event.policy,
    family: event.family,
    channel: event.channel,
    socketId: event.socketId,
    principalKind: event.principalKind,
    principalId: event.principalId,
    tenantId: event.tenantId,
    failedCheck: event.failedCheck,
    failedChecks: event.failedCheck === undefined ? undefined : namesOfFailed(event.checks),
  };
}

function namesOfFailed(checks: AuditEvent['checks']): readonly string[] {
  return checks.filter(({ passed }) => !passed).map(({ name }) => name);
}

/** Per address: many wrong tokens must not write as many rows. */
const maxRowsPerMinute = 60;

/** Writes a security event for each request that the operator's port refused, up to a limit. */
export function createWriteRejected({
  writeSecurityEvent,
  now,
}: {
  readonly writeSecurityEvent: WriteSecurityEvent;
  readonly now: () => number;
}): (signal: SecurityEventType, origin: Origin) => Promise<void> {
  const window = createFixedWindow(maxRowsPerMinute);
  return async (signal, origin) => {
    if (window.isWithin(origin.address, now())) await writeSecurityEvent(signal, { origin });
  };
}
