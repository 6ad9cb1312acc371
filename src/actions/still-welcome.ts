import type { Principal } from '../core/principal.ts';
import { isRevoked, subjectsOf, type RevocationStore } from '../core/revocation.ts';

/** May somebody whose credential was good before stay? Throws `Unavailable` when that could not be found out. */
export type StillWelcome = (principal: Principal) => Promise<boolean>;

/** Makes the question that long connections ask again: whether a credential was revoked meanwhile. When it ends, they know. */
export function createStillWelcome(ports: {
  readonly revocations: Pick<RevocationStore, 'latest'>;
}): StillWelcome {
  return async (principal) =>
    !isRevoked(principal, await ports.revocations.latest(subjectsOf(principal)));
}
