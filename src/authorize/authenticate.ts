import type {
  CredentialFault,
  Identify,
  Credential,
  RefusedCredential,
} from '../authn/credential.ts';
import { check, type Check, type DecisionBase } from '../policy/decision.ts';
import { type Principal } from '../policy/principal.ts';
import type { WithLentPermit } from '../runtime/permits.ts';
import type { FactSource } from './find-facts.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation/revocation.ts';

export interface AuthenticateDeps {
  readonly identify: Identify;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  /** The kinds of credentials that Usher verifies with a request to a server of the application. */
  readonly remoteKinds: ReadonlySet<Credential['kind']>;
  readonly withLentPermit: WithLentPermit;
}

/** The principal, with passed checks that say what was left out of it; or the refusal. */
export type Authenticated =
  { readonly principal: Principal; readonly checks: readonly Check[] } | NotAuthenticated;

/** The refusal code, with the known properties of the principal, and the failed check if the credential has one. */
export interface NotAuthenticated {
  readonly code: AuthenticationRefusal;
  readonly known: Pick<DecisionBase, 'principal' | 'tenantId'> &
    Partial<Pick<DecisionBase, 'checks'>>;
}

export type AuthenticationRefusal =
  CredentialFault | 'credential-missing' | 'credential-conflict' | 'origin-refused' | 'revoked';

/**
 * Verifies the only credential of a request, and checks that it was not revoked. Two credentials are refused: a choice between
 * them would select the principal. Throws `Unavailable`.
 */
export async function authenticate(
  credentials: readonly Credential[],
  { identify, revocations, remoteKinds, withLentPermit }: AuthenticateDeps,
): Promise<Authenticated> {
  const [credential, second] = credentials;
  if (credential === undefined) return { code: 'credential-missing', known: {} };
  if (second !== undefined) return { code: 'credential-conflict', known: {} };
  if (credential.refused !== undefined) return { code: credential.refused, known: {} };
  const identified = remoteKinds.has(credential.kind)
    ? await withLentPermit(() => identify(credential))
    : await identify(credential);
  if ('fault' in identified) return refusalOf(identified);
  const { principal, notes = [] } = identified;
  if (isRevoked(principal, await revocations.latest(subjectsOf(principal)))) {
    return { code: 'revoked', known: { principal, ...ofTenant(principal.tenantId) } };
  }
  return { principal, checks: notes.map((note) => check(note, true)) };
}

function refusalOf({ fault: code, detail }: RefusedCredential): NotAuthenticated {
  return { code, known: detail === undefined ? {} : { checks: [check(detail, false, code)] } };
}

/** Authenticates the credentials of a request, with the revocations of this source. */
export type AuthenticateBy = (
  source: Pick<FactSource, 'revocations' | 'version'>,
) => Promise<Authenticated>;

/** Authenticates the credentials of a request for one channel. */
export function authenticateAlone(
  credentials: readonly Credential[],
  { identify, remoteKinds, withLentPermit }: Omit<AuthenticateDeps, 'revocations'>,
): AuthenticateBy {
  return ({ revocations }) =>
    authenticate(credentials, { identify, revocations, remoteKinds, withLentPermit });
}

/**
 * The tenants of the request, of the credential and of the channel must be the same.
 * Without any tenant there is no check.
 */
export function tenantChecks(
  tenantIds: readonly string[],
  principal: Principal,
  channelTenant: string | undefined,
): readonly Check[] {
  const principalTenant = principal.tenantId;
  if (tenantIds.length === 0 && principalTenant === undefined && channelTenant === undefined)
    return [];
  const inRequest = (tenantId: string | undefined) => tenantIds.every((each) => each === tenantId);
  return [
    check('request names a tenant', tenantIds.length > 0, 'tenant-missing'),
    check(
      'credential is of the tenant of the request',
      inRequest(principalTenant),
      'tenant-mismatch',
    ),
    check(
      'channel is of the tenant of the request',
      channelTenant === undefined || inRequest(channelTenant),
      'tenant-mismatch',
    ),
  ];
}

/** The tenant as an optional property of a decision. */
export function ofTenant(tenantId: string | undefined): { readonly tenantId?: string } {
  return tenantId === undefined ? {} : { tenantId };
}
