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
import type { Policy } from '../policy/policy.ts';
import { describeDecision, signalsOf, toLogLine } from './describe-event.ts';

export interface WriteDecisionDeps {
  readonly trail: AuditLog;
  readonly log: Readonly<Record<'info' | 'warn', (about: object, message: string) => void>>;
  /** Called for each written decision. */
  readonly observers: readonly ((event: AuditEvent) => void)[];
  /** The policy in use. Its hash is that of decisions without channel rules, such as a sign-in. */
  readonly policy: () => Pick<Policy, 'hash' | 'codes'>;
  readonly now: () => number;
}

/** Writes decisions to the audit log, the log and the metrics. */
export function createWriteDecision({
  trail,
  log,
  observers,
  policy,
  now,
}: WriteDecisionDeps): WriteDecision {
  const write: WriteDecision = async (decision, origin, cacheVersion) => {
    const { hash, codes } = policy();
    const event = describeDecision(decision, origin, { at: now(), policy: hash });
    const entry = { decision: event, signals: signalsOf(event, codes), cacheVersion };
    let isWritten: boolean;
    try {
      isWritten = await trail.append(entry);
    } catch (error) {
      // The client gets 503: a log line with "granted" would be wrong.
      const line = { ...toLogLine(event), outcome: 'unavailable' };
      log.warn({ decision: line }, 'answered 503: the decision could not be put on record');
      throw error;
    }
    // The caller decides again with current facts.
    if (!isWritten) return false;
    log.info({ decision: toLogLine(event) }, event.outcome === 'grant' ? 'granted' : 'refused');
    for (const observe of observers) observe(event);
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
