import type { EndConnections, RevocationStore, RevocationSubject } from '../core/revocation.ts';

/** What a revocation stops, by name. */
export type RevocationEffect =
  | { readonly effect: 'new-authorizations-refused' | 'tickets-refused' }
  | {
      readonly effect: 'websockets-closed';
      /** How many those were here; other replicas close theirs when they next look (`WS_RECHECK_INTERVAL`). */
      readonly connections: number;
    };

/** A revocation that holds, on every replica. */
export interface Revocation {
  readonly subject: RevocationSubject;
  /** What was issued earlier is refused; milliseconds since the epoch. */
  readonly issuedBefore: number;
  readonly effects: readonly RevocationEffect[];
}

/** Whom this action asks. */
export interface RevokePorts {
  readonly revocations: Pick<RevocationStore, 'revoke'>;
  readonly endConnections: EndConnections;
}

/** Revokes what was issued to a subject before a moment. Throws `Unavailable`, and then it may not hold. */
export type Revoke = (subject: RevocationSubject, issuedBefore: number) => Promise<Revocation>;

/** The one place where credentials are revoked: written first, so that nobody comes back through an open door. */
export function createRevoke({ revocations, endConnections }: RevokePorts): Revoke {
  return async (subject, issuedBefore) => {
    const moment = await revocations.revoke(subject, issuedBefore);
    const connections = endConnections(subject, moment);
    return { subject, issuedBefore: moment, effects: effectsOn(subject, connections) };
  };
}

function effectsOn({ kind }: RevocationSubject, connections: number): readonly RevocationEffect[] {
  const authorizations = { effect: 'new-authorizations-refused' } as const;
  // Only users have tickets, and only users and visitors, whom a user's revocation means too, have WebSockets.
  if (kind !== 'user' && kind !== 'token' && kind !== 'tenant') return [authorizations];
  return [
    authorizations,
    { effect: 'tickets-refused' },
    { effect: 'websockets-closed', connections },
  ];
}
