import { parseSubject, type StoredRevocation } from '../../authorize/revocation/revocation.ts';

/** A message between replicas that use the same database. */
export interface RevocationChange extends StoredRevocation {
  readonly kind: 'revocation';
}

/** The `LISTEN` channel for changes. A message is JSON below 8000 bytes with a `kind`. */
export const changesChannel = 'usher_changes';

/** Parses one message; `undefined` for kinds that only newer versions of Usher support. */
export function parseChange(message: string): RevocationChange | undefined {
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
