import type {
  HeldRevocation,
  RevocableConnections,
  RevocationStore,
  RevocationSubject,
} from '../core/revocation.ts';

/** What a revocation stops, by name. */
export type RevocationEffect =
  | { readonly effect: 'new-authorizations-refused' | 'tickets-refused' }
  | {
      readonly effect: 'websockets-closed';
      /** How many those were here; other replicas close theirs when they hear of it, which is at once. */
      readonly connections: number;
    };

/** A revocation that holds, on every replica. */
export interface Revocation extends HeldRevocation {
  readonly effects: readonly RevocationEffect[];
}

/** Whom this action asks. */
export interface RevokePorts {
  readonly revocations: Pick<RevocationStore, 'revoke'>;
  readonly live: RevocableConnections;
}

/** Revokes what was issued to a subject before a moment. Throws `Unavailable`, and then it may not hold. */
export type Revoke = (subject: RevocationSubject, issuedBefore: number) => Promise<Revocation>;

/** The one place where credentials are revoked: written first, so that nobody comes back through an open door. */
export function createRevoke({ revocations, live }: RevokePorts): Revoke {
  return async (subject, issuedBefore) => {
    // Counted before: this process may hear of the revocation, and end them, before the statement is answered.
    const connections = live.count({ subject, issuedBefore });
    const revocation = { subject, issuedBefore: await revocations.revoke(subject, issuedBefore) };
    live.end(revocation);
    return { ...revocation, effects: effectsOn(subject, connections) };
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
