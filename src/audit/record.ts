import type { AuditEvent, AuditTrail, RecordDecision } from '../core/audit-event.ts';
import { describeDecision, signalsOf } from './event.ts';

/** Where records go. */
export interface RecorderPorts {
  readonly trail: AuditTrail;
  readonly log: (event: AuditEvent) => void;
  readonly now: () => number;
}

/** Creates the recorder of decisions: one event, to the log and to the trail. */
export function createRecorder({ trail, log, now }: RecorderPorts): RecordDecision {
  return async (decision, origin) => {
    const event = describeDecision(decision, origin, now());
    log(event);
    await trail.append(event, signalsOf(event));
  };
}
