import { isDeepStrictEqual } from 'node:util';
import { tenantOf, type Principal } from '../../policy/principal.ts';
import type { TerminationLease } from '../../pusher/tracked-connection.ts';

/** What can be revoked: everything issued before a moment to a user, a booking, a guest session or a tenant, or one token. */
export type RevocationSubject =
  | { readonly kind: 'user'; readonly userId: string; readonly tenantId?: string }
  | { readonly kind: 'booking'; readonly hotelSlug: string; readonly bookingId: string }
  | { readonly kind: 'guest-session'; readonly sessionId: string }
  | { readonly kind: 'token'; readonly tokenId: string }
  | { readonly kind: 'tenant'; readonly tenantId: string };

/** Keeps revocations, durably and for every replica. All methods throw `Unavailable`. */
export interface RevocationStore {
  /**
   * Refuses from now on what was issued to the subject before this moment, in milliseconds since the epoch; an earlier
   * revocation that reaches further stays. The live grants that it concerns are claimed with it, until the lease is over.
   */
  readonly revoke: (
    revocation: StoredRevocation & { readonly leaseUntil: number },
  ) => Promise<WrittenRevocation>;
  /** The latest such moment among these subjects; `undefined` when none was revoked. */
  readonly latest: (subjects: readonly RevocationSubject[]) => Promise<number | undefined>;
  /** What was revoked in the last so many milliseconds, and somewhat longer ago. */
  readonly within: (periodMs: number) => Promise<readonly StoredRevocation[]>;
}

/** A revocation that was written, and whose connections its replica is now to end. */
export interface WrittenRevocation {
  /** The moment that now holds. */
  readonly issuedBefore: number;
  readonly lease: TerminationLease;
}

/** A revocation that holds: what was issued to the subject before this moment, in milliseconds since the epoch, is refused. */
export interface StoredRevocation {
  readonly subject: RevocationSubject;
  readonly issuedBefore: number;
}

/** Everything by which this principal's credential could have been revoked. */
export function subjectsOf(principal: Principal): readonly RevocationSubject[] {
  const tenantId = tenantOf(principal);
  return [
    ...ownSubjects(principal),
    ...(principal.tokenId === undefined
      ? []
      : [{ kind: 'token', tokenId: principal.tokenId } as const]),
    ...tenantSubjects(tenantId),
  ];
}

function ownSubjects(principal: Principal): readonly RevocationSubject[] {
  switch (principal.kind) {
    case 'guest': {
      const { hotelSlug, bookingId } = principal;
      return [{ kind: 'booking', hotelSlug, bookingId }];
    }
    case 'guest-session': {
      const { sessionId, linkedUserId, linkedTenantId } = principal;
      const own = { kind: 'guest-session', sessionId } as const;
      if (linkedUserId === undefined) return [own];
      // Since the login it opens that user's rooms, so it is revoked with the user and with the user's tenant.
      return [
        own,
        ...userSubjects(linkedUserId, linkedTenantId),
        ...tenantSubjects(linkedTenantId),
      ];
    }
    case 'user':
      return userSubjects(principal.userId, principal.tenantId);
    case 'visitor':
      return [{ kind: 'user', userId: principal.userId }];
  }
}

/** A revocation that names no tenant means the user in all of them. */
function userSubjects(userId: string, tenantId: string | undefined): readonly RevocationSubject[] {
  const everywhere = { kind: 'user', userId } as const;
  return tenantId === undefined ? [everywhere] : [everywhere, { ...everywhere, tenantId }];
}

function tenantSubjects(tenantId: string | undefined): readonly RevocationSubject[] {
  return tenantId === undefined ? [] : [{ kind: 'tenant', tenantId }];
}

/** True when the credential was issued before that moment; one that does not say when it was issued counts as older. */
export function isRevoked(principal: Principal, issuedBefore: number | undefined): boolean {
  return issuedBefore !== undefined && (principal.issuedAt ?? -Infinity) < issuedBefore;
}

/** True when a revocation of this subject concerns this principal. */
export function matchesPrincipal(subject: RevocationSubject, principal: Principal): boolean {
  return subjectsOf(principal).some((own) => isDeepStrictEqual(own, subject));
}

/** The live connections of this process, as a revocation sees them. */
export interface RevocableConnections {
  /** How many have a credential that this would revoke. */
  readonly count: (revocation: StoredRevocation) => number;
  /** Ends those, and says how many they were. */
  readonly close: (revocation: StoredRevocation) => number;
}
