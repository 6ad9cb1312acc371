import type { PrincipalKind } from '../principal.ts';

/** The kind of principal by its name in a policy, where `guest_session` is an identifier of CEL. */
export function kindOf(name: string): PrincipalKind {
  return name === 'guest_session' ? 'guest-session' : name;
}
