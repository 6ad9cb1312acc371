import { principalOf } from '../authn/issued-token.ts';
import type { DemoPrincipal, Policy } from '../policy/policy.ts';
import { maxTime, type Principal } from '../policy/principal.ts';

/** The principal of a test, as its credential would make it. */
export function toPrincipal(
  { kind, id, tenant, name, roles, attributes }: DemoPrincipal,
  { issuers }: Pick<Policy, 'issuers'>,
): Principal {
  const issuer = [...issuers.values()].find((each) => each.kind === kind);
  const { user, user_tenant, ...others } = attributes;
  const isSession = kind === 'guest-session';
  return {
    kind,
    id: id ?? '',
    attributes: isSession ? others : attributes,
    ...(issuer && principalOf(issuer, attributes, id)),
    roles,
    tenantId: tenant,
    name,
    ...(isSession &&
      user !== undefined && {
        linkedUser: {
          id: String(user),
          tenantId: user_tenant === undefined ? undefined : String(user_tenant),
        },
      }),
    expiresAt: maxTime,
  };
}
