import type { RevocationStore, RevocationSubject } from '../core/revocation.ts';

/** What a revocation stops, by name. */
export interface RevocationEffect {
  readonly effect: 'new-authorizations-refused' | 'tickets-refused';
}

/** A revocation that holds, on every replica. */
export interface Revocation {
  readonly subject: RevocationSubject;
  /** What was issued earlier is refused; milliseconds since the epoch. */
  readonly issuedBefore: number;
  readonly effects: readonly RevocationEffect[];
}

/** Revokes what was issued to a subject before a moment. Throws `Unavailable`, and then it may not hold. */
export type Revoke = (subject: RevocationSubject, issuedBefore: number) => Promise<Revocation>;

/** The one place where credentials are revoked: written first, so that nobody comes back through an open door. */
export function createRevoke(ports: { readonly revocations: RevocationStore }): Revoke {
  return async (subject, issuedBefore) => {
    const moment = await ports.revocations.revoke(subject, issuedBefore);
    return { subject, issuedBefore: moment, effects: effectsOn(subject) };
  };
}

function effectsOn({ kind }: RevocationSubject): readonly RevocationEffect[] {
  const authorizations = { effect: 'new-authorizations-refused' } as const;
  // Tickets are issued to users only.
  const holdsTickets = kind === 'user' || kind === 'token' || kind === 'tenant';
  return holdsTickets ? [authorizations, { effect: 'tickets-refused' }] : [authorizations];
}
