/** When a credential began and ends, in milliseconds since the epoch, and the id its issuer gave it. */
export interface CredentialLife {
  readonly issuedAt?: number;
  readonly expiresAt: number;
  readonly tokenId?: string;
}

/** A hotel guest, known by a token for one booking at one hotel (system A). */
export interface Guest extends CredentialLife {
  readonly kind: 'guest';
  readonly hotelSlug: string;
  readonly bookingId: string;
}

/** A user of the host application, known by a bearer token; `tenantId` where the host has tenants. */
export interface User extends CredentialLife {
  readonly kind: 'user';
  readonly userId: string;
  readonly tenantId?: string;
  readonly roles: readonly string[];
  readonly name?: string;
}

/** Whoever asks, after the credential was verified. */
export type Principal = Guest | User;

export type PrincipalKind = Principal['kind'];

/** The principal of one kind. */
export type PrincipalOf<Kind extends PrincipalKind> = Extract<Principal, { kind: Kind }>;

/** The id by which a principal is counted, logged and shown, unique within its kind and tenant. */
export function principalId(principal: Principal): string {
  return principal.kind === 'guest'
    ? `${principal.hotelSlug}/${principal.bookingId}`
    : principal.userId;
}

/** The tenant that a principal belongs to, if its kind has tenants. */
export function tenantOf(principal: Principal): string | undefined {
  return principal.kind === 'user' ? principal.tenantId : undefined;
}
