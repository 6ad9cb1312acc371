import { parseSubject } from '../repositories/subject-key.ts';
import type { Change } from './change.ts';

/** The channel of PostgreSQL on which replicas hear of changes. A message is JSON below 8000 bytes, with its `kind`. */
export const changesChannel = 'usher_changes';

/** Reads one message; `undefined` for what this Usher does not know, which a newer one beside it may. */
export function parseChange(message: string): Change | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  const { kind, subject, issuedBefore } = fields as Readonly<Record<string, unknown>>;
  const revoked = kind === 'revocation' ? parseSubject(subject) : undefined;
  return revoked === undefined || typeof issuedBefore !== 'number'
    ? undefined
    : { kind: 'revocation', subject: revoked, issuedBefore };
}
