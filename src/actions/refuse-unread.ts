import type { Origin, RecordDecision } from '../core/audit-event.ts';
import { check, type Judged } from '../core/decision.ts';

/** A request that could not be read. `cause` is a sentence without any content of the request. */
export interface UnreadRequest {
  readonly action: Judged['action'];
  readonly cause: string;
  readonly origin: Origin;
}

/** Puts such a request on record; gives the id of the decision. Throws `Unavailable`. */
export type RefuseUnread = (request: UnreadRequest) => Promise<string>;

/** Creates the record of requests that are refused before there is a question to decide. */
export function createRefuseUnread(ports: {
  readonly record: RecordDecision;
  readonly newId: () => string;
}): RefuseUnread {
  return async ({ action, cause, origin }) => {
    const id = ports.newId();
    const checks = [check(`request can be read: ${cause}`, false)];
    await ports.record(
      { id, action, checks, outcome: 'refusal', code: 'malformed-request' },
      origin,
    );
    return id;
  };
}
