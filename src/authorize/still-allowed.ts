import type { Principal } from '../policy/principal.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation/revocation.ts';

/**
 * False if the credential of an open connection was revoked. Callers check its expiry. Throws `Unavailable`.
 */
export async function isStillAllowed(
  principal: Principal,
  { revocations }: { readonly revocations: Pick<RevocationStore, 'latest'> },
): Promise<boolean> {
  return !isRevoked(principal, await revocations.latest(subjectsOf(principal)));
}
