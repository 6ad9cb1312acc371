import type { CredentialFault, Identify, PresentedCredential } from '../core/credential.ts';
import { check, type Check, type Judged } from '../core/decision.ts';
import { tenantOf, type Principal } from '../core/principal.ts';
import type { Pinned } from '../core/question.ts';
import { isRevoked, subjectsOf, type RevocationStore } from '../core/revocation.ts';

/** Who can say whose credential it is, and whether it was revoked. */
export interface EstablishPorts {
  readonly identify: Identify;
  readonly revocations: Pick<RevocationStore, 'latest'>;
}

/** Who asks; or the reason to refuse, and what is known of them all the same. */
export type Established =
  | { readonly principal: Principal }
  | { readonly code: EstablishCode; readonly known: Pick<Judged, 'principal' | 'tenantId'> };

export type EstablishCode =
  CredentialFault | 'credential-missing' | 'credential-conflict' | 'origin-refused' | 'revoked';

/**
 * Finds out who presents exactly one credential, and that it was not revoked; else the reason to refuse.
 * With two, whoever chose between them would decide who asks, so neither is read.
 */
export async function establishPrincipal(
  credentials: readonly PresentedCredential[],
  { identify, revocations }: EstablishPorts,
): Promise<Established> {
  const [credential, second] = credentials;
  if (credential === undefined) return { code: 'credential-missing', known: {} };
  if (second !== undefined) return { code: 'credential-conflict', known: {} };
  if (credential.refused !== undefined) return { code: credential.refused, known: {} };
  const identified = await identify(credential);
  if ('fault' in identified) return { code: identified.fault, known: {} };
  const { principal } = identified;
  if (isRevoked(principal, await revocations.latest(subjectsOf(principal)))) {
    return { code: 'revoked', known: { principal, ...ofTenant(tenantOf(principal)) } };
  }
  return { principal };
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
