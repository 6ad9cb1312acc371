import type { Identify, PresentedCredential } from '../core/credential.ts';
import { check, type Check, type RefusalCode } from '../core/decision.ts';
import { tenantOf, type Principal } from '../core/principal.ts';
import type { Pinned } from '../core/question.ts';

/**
 * Finds out who presents exactly one credential; else the reason to refuse.
 * With two, whoever chose between them would decide who asks, so neither is read.
 */
export async function establishPrincipal(
  credentials: readonly PresentedCredential[],
  identify: Identify,
): Promise<Principal | RefusalCode> {
  const [credential, second] = credentials;
  if (credential === undefined) return 'credential-missing';
  if (second !== undefined) return 'credential-conflict';
  const identified = await identify(credential);
  return 'fault' in identified ? identified.fault : identified.principal;
}

/**
 * The tenant of the request, of the credential and of the channel must be the same one.
 * Where none of them knows a tenant there is nothing to agree on.
 */
export function tenantChecks(
  pinned: Pinned,
  principal: Principal,
  channelTenant: string | undefined,
): readonly Check[] {
  const asked = pinned.tenantIds;
  const own = tenantOf(principal);
  if (asked.length === 0 && own === undefined && channelTenant === undefined) return [];
  const inRequest = (tenantId: string | undefined) => asked.every((each) => each === tenantId);
  return [
    check('request names a tenant', asked.length > 0, 'tenant-missing'),
    check('credential is of the tenant of the request', inRequest(own), 'tenant-mismatch'),
    check(
      'channel is of the tenant of the request',
      channelTenant === undefined || inRequest(channelTenant),
      'tenant-mismatch',
    ),
  ];
}

/** The tenant as a field of a decision, left out where there is none. */
export function ofTenant(tenantId: string | undefined): { readonly tenantId?: string } {
  return tenantId === undefined ? {} : { tenantId };
}
