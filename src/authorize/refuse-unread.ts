import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import { check, type DecisionBase } from '../policy/decision.ts';

/** A request that could not be parsed. `cause` has no content of the request. */
interface UnreadRequest {
  readonly action: DecisionBase['action'];
  readonly cause: string;
  readonly origin: Origin;
}

interface RefuseUnreadDeps {
  readonly writeDecision: WriteDecision;
  readonly newId: () => string;
}

/** Writes the refusal to the audit log, and resolves to the id of the decision. Throws `Unavailable`. */
export async function refuseUnread(
  { action, cause, origin }: UnreadRequest,
  { writeDecision, newId }: RefuseUnreadDeps,
): Promise<string> {
  const id = newId();
  const checks = [check(`request can be parsed: ${cause}`, false)];
  await writeDecision(
    { id, action, checks, outcome: 'refusal', code: 'malformed-request' },
    origin,
  );
  return id;
}
