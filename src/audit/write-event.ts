import { withSpan } from '../observability/tracing/span.ts';
import type { SpanAttributes } from '../observability/tracing/tracer.ts';
import type {
  AuditEvent,
  AuditLog,
  WriteDecision,
  AuditableDecision,
  WriteSignal,
  SecurityEvent,
} from './audit-event.ts';
import { describeDecision, signalsOf, type SignalOfPolicy } from './describe-event.ts';

export interface WriteDecisionDeps {
  readonly trail: AuditLog;
  readonly log: (event: AuditEvent) => void;
  /** Logs a decision that could not be written, so that the response is an error. */
  readonly logUnrecorded: (event: AuditEvent) => void;
  /** Called for each written decision. */
  readonly count: (event: AuditEvent) => void;
  readonly signalOfPolicy: SignalOfPolicy;
  /** The hash of the policy in use, for decisions without channel rules, such as a sign-in. */
  readonly policyHash: () => string;
  readonly now: () => number;
}

/** Writes decisions to the audit log, the log and the metrics. */
export function createWriteDecision({
  trail,
  log,
  logUnrecorded,
  count,
  signalOfPolicy,
  policyHash,
  now,
}: WriteDecisionDeps): WriteDecision {
  const write: WriteDecision = async (decision, origin, cacheVersion) => {
    const event = describeDecision(decision, origin, { at: now(), policy: policyHash() });
    const entry = { decision: event, signals: signalsOf(event, signalOfPolicy), cacheVersion };
    let isWritten: boolean;
    try {
      isWritten = await trail.append(entry);
    } catch (error) {
      // The client gets 503: a log line with "granted" would be wrong.
      logUnrecorded(event);
      throw error;
    }
    // The caller decides again with current facts.
    if (!isWritten) return false;
    log(event);
    count(event);
    return true;
  };
  return (decision, origin, cacheVersion) =>
    withSpan(
      'audit',
      () => write(decision, origin, cacheVersion),
      (isWritten): SpanAttributes =>
        isWritten ? attributesOf(decision) : { 'usher.outcome': 'outdated' },
    );
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

export interface WriteSignalDeps {
  readonly trail: AuditLog;
  readonly log: (event: SecurityEvent) => void;
  /** Generates a UUID. */
  readonly newId: () => string;
  readonly now: () => number;
}

/** Writes security events that are not part of a decision to the log and the audit log. */
export function createWriteSignal({ trail, log, newId, now }: WriteSignalDeps): WriteSignal {
  return async (signal, { origin, ...about }) => {
    const event = { ...origin, ...about, signal, id: newId(), at: now() };
    log(event);
    await trail.append({ signal: event });
  };
}
