import type { CredentialLifetime, Principal } from '../policy/principal.ts';

/** A user of the host, identified by a session cookie of the host. */
export interface HostUser {
  readonly id: string;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
  readonly name?: string | undefined;
}

/** The principal of a session cookie. Staff and superusers also have these words as roles. */
export function visitorOf(
  { id, isStaff = false, isSuperuser = false, name }: HostUser,
  { issuedAt, expiresAt, tokenId }: CredentialLifetime,
): Principal {
  return {
    kind: 'visitor',
    id,
    roles: [...(isStaff ? ['staff'] : []), ...(isSuperuser ? ['superuser'] : [])],
    attributes: { is_staff: isStaff, is_superuser: isSuperuser },
    name,
    issuedAt,
    expiresAt,
    tokenId,
  };
}
