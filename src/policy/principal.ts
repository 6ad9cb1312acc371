/**
 * The expiry of a credential without one: the maximum of `Date`.
 * Not `Infinity`, which is null in JSON, and 1970 after arithmetic.
 */
export const maxTime = 8.64e15;

export interface CredentialLifetime {
  readonly issuedAt?: number | undefined;
  readonly expiresAt: number;
  readonly tokenId?: string | undefined;
}

/** A hotel guest, authenticated by a token for one booking. */
export interface Guest extends CredentialLifetime {
  readonly kind: 'guest';
  readonly hotelSlug: string;
  readonly bookingId: string;
}

/** A user of the host, authenticated by a bearer token. */
export interface User extends CredentialLifetime {
  readonly kind: 'user';
  readonly userId: string;
  readonly tenantId?: string | undefined;
  readonly roles: readonly string[];
  readonly name?: string | undefined;
}

/** A guest without an account, authenticated by a guest session of Usher. `linkedUserId` and the tenant of that user are set at login. */
export interface GuestSession extends CredentialLifetime {
  readonly kind: 'guest-session';
  readonly sessionId: string;
  readonly linkedUserId?: string;
  readonly linkedTenantId?: string;
}

/** A user of the host, authenticated by the host's session cookie. */
export interface Visitor extends CredentialLifetime {
  readonly kind: 'visitor';
  readonly userId: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  readonly name?: string | undefined;
}

export type Principal = Guest | User | GuestSession | Visitor;

export type PrincipalKind = Principal['kind'];

export type PrincipalOf<Kind extends PrincipalKind> = Extract<Principal, { kind: Kind }>;

/** The id of a principal in limits and logs, unique within its kind and tenant. */
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

/** A key of limits, unique among principals of all kinds and tenants. */
export function principalKey(principal: Principal): string {
  return JSON.stringify([principal.kind, tenantOf(principal), principalId(principal)]);
}

export function tenantOf(principal: Principal): string | undefined {
  return principal.kind === 'user' ? principal.tenantId : undefined;
}
