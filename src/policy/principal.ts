/**
 * The end of a credential that has none: the last moment that a `Date` can hold, in milliseconds.
 * Not `Infinity`, which JSON turns into null and arithmetic then into 1970.
 */
export const maxTime = 8.64e15;

/** When a credential began and ends, in milliseconds since the epoch, and the id its issuer gave it. */
export interface CredentialLifetime {
  readonly issuedAt?: number | undefined;
  readonly expiresAt: number;
  readonly tokenId?: string | undefined;
}

/** A hotel guest, known by a token for one booking at one hotel (system A). */
export interface Guest extends CredentialLifetime {
  readonly kind: 'guest';
  readonly hotelSlug: string;
  readonly bookingId: string;
}

/** A user of the host application, known by a bearer token; `tenantId` where the host has tenants. */
export interface User extends CredentialLifetime {
  readonly kind: 'user';
  readonly userId: string;
  readonly tenantId?: string | undefined;
  readonly roles: readonly string[];
  readonly name?: string | undefined;
}

/** A visitor without an account, who has a guest session of Usher (system D). `linkedUserId` and that user's tenant are set since the login. */
export interface GuestSession extends CredentialLifetime {
  readonly kind: 'guest-session';
  readonly sessionId: string;
  readonly linkedUserId?: string;
  readonly linkedTenantId?: string;
}

/** Somebody signed in to the host, known by the host's own session cookie (system E). */
export interface Visitor extends CredentialLifetime {
  readonly kind: 'visitor';
  readonly userId: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly name?: string | undefined;
}

/** Whoever asks, after the credential was verified. */
export type Principal = Guest | User | GuestSession | Visitor;

export type PrincipalKind = Principal['kind'];

/** The principal of one kind. */
export type PrincipalOf<Kind extends PrincipalKind> = Extract<Principal, { kind: Kind }>;

/** The id by which a principal is counted, logged and shown, unique within its kind and tenant. */
export function principalId(principal: Principal): string {
  switch (principal.kind) {
    case 'guest':
      return `${principal.hotelSlug}/${principal.bookingId}`;
    case 'guest-session':
      return principal.sessionId;
    case 'user':
    case 'visitor':
      return principal.userId;
  }
}

/** One text for each principal of any kind and tenant, letter by letter: what limits count by. */
export function principalKey(principal: Principal): string {
  return JSON.stringify([principal.kind, tenantOf(principal), principalId(principal)]);
}

/** The tenant that a principal belongs to, if its kind has tenants. */
export function tenantOf(principal: Principal): string | undefined {
  return principal.kind === 'user' ? principal.tenantId : undefined;
}
