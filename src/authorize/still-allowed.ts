import type { Principal } from '../core/principal.ts';
import { isRevoked, subjectsOf, type RevocationStore } from '../core/revocation.ts';

/**
 * Whether the credential of an open connection has not been revoked since. The expiry is known from the credential itself.
 * Throws `Unavailable`.
 */
export async function isStillAllowed(
  principal: Principal,
  { revocations }: { readonly revocations: Pick<RevocationStore, 'latest'> },
): Promise<boolean> {
  return !isRevoked(principal, await revocations.latest(subjectsOf(principal)));
}
