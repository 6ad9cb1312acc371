import type { Principal } from '../policy/principal.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation/revocation.ts';

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
