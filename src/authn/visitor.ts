import type { AttributeValue, CredentialLifetime, Principal } from '../policy/principal.ts';

/** A user of the application, identified by a session cookie of the application. */
export interface ApplicationUser {
  readonly id: string;
  readonly tenantId?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
  readonly name?: string | undefined;
  /** The attributes that the policy declares for visitors. */
  readonly attributes?: readonly (readonly [name: string, value: AttributeValue])[];
}

const none: readonly string[] = [];

/** The principal of a session cookie. Staff and superusers also have the roles `staff` and `superuser`. */
export function visitorOf(
  {
    id,
    tenantId,
    roles = none,
    isStaff = false,
    isSuperuser = false,
    name,
    ...user
  }: ApplicationUser,
  { issuedAt, expiresAt, tokenId }: CredentialLifetime,
): Principal {
  return {
    kind: 'visitor',
    id,
    tenantId,
    roles: withRole(withRole(roles, 'staff', isStaff), 'superuser', isSuperuser),
    attributes: {
      ...Object.fromEntries(user.attributes ?? []),
      is_staff: isStaff,
      is_superuser: isSuperuser,
    },
    name,
    issuedAt,
    expiresAt,
    tokenId,
  };
}

const withRole = (roles: readonly string[], role: string, has: boolean): readonly string[] =>
  has && !roles.includes(role) ? [...roles, role] : roles;
