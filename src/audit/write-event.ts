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
import { describeDecision, signalsOf } from './describe-event.ts';

/** Where records go. */
export interface WriteDecisionDeps {
  readonly trail: AuditLog;
  readonly log: (event: AuditEvent) => void;
  /** Logs a decision that could not be put on record, so that its answer was an error. */
  readonly logUnrecorded: (event: AuditEvent) => void;
  /** Told of what was kept. */
  readonly count: (event: AuditEvent) => void;
  readonly now: () => number;
}

/** Creates the recorder of decisions: one event, to the log, the trail and the figures. */
export function createWriteDecision({
  trail,
  log,
  logUnrecorded,
  count,
  now,
}: WriteDecisionDeps): WriteDecision {
  const record: WriteDecision = async (decision, origin, cacheVersion) => {
    const event = describeDecision(decision, origin, now());
    const entry = { decision: event, signals: signalsOf(event), cacheVersion };
    let isWritten: boolean;
    try {
      isWritten = await trail.append(entry);
    } catch (error) {
      // The client gets 503: a line with "granted" would be wrong.
      logUnrecorded(event);
      throw error;
    }
    // What was decided by outdated facts is decided again.
    if (!isWritten) return false;
    log(event);
    count(event);
    return true;
  };
  return (decision, origin, asOf) =>
    withSpan(
      'audit',
      () => record(decision, origin, asOf),
      (isWritten): SpanAttributes =>
        isWritten ? factsOf(decision) : { 'usher.outcome': 'asked again' },
    );
}

function factsOf(decision: AuditableDecision): SpanAttributes {
  const { id, action, family, outcome } = decision;
  return {
    'usher.decision_id': id,
    'usher.action': action,
    'usher.outcome': outcome,
    ...(family !== undefined && { 'usher.family': family }),
    ...(outcome === 'refusal' && { 'usher.code': decision.code }),
  };
}

/** Where signals go. */
export interface WriteSignalDeps {
  readonly trail: AuditLog;
  readonly log: (event: SecurityEvent) => void;
  /** Makes a UUID. */
  readonly newId: () => string;
  readonly now: () => number;
}

/** Creates the recorder of signals that no decision gives: to the log and to the trail. */
export function createWriteSignal({ trail, log, newId, now }: WriteSignalDeps): WriteSignal {
  return async (signal, { origin, ...about }) => {
    const event = { ...origin, ...about, signal, id: newId(), at: now() };
    log(event);
    await trail.append({ signal: event });
  };
}
