import { claimFault } from './claim-fault.ts';
import { displayName, idForm, optionalClaim, readId, readTokenId } from './claims.ts';
import { identified, type Identification } from './credential.ts';
import type { CredentialReader } from './identify.ts';
import type { JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';
import { readRoles } from './roles.ts';

/**
 * Creates the reader of users' bearer tokens: JWTs with `sub`, and optionally `tenant_id`, `roles` or `role`, `jti`,
 * `name`. A null claim counts as missing. An unreadable id or tenant is refused, because together they are the user. Other
 * claims that cannot be read are left out.
 */
export function createBearerTokenReader(settings: {
  readonly verifier: JwtVerifier;
}): CredentialReader {
  return async (text) => {
    const jwt = await settings.verifier.verify(text);
    return 'fault' in jwt ? jwt : readUser(jwt);
  };
}

function readUser({ claims, issuedAt, expiresAt }: VerifiedJwt): Identification {
  const id = readId(claims.get('sub'));
  if (id === undefined) return claimFault('sub', idForm, claims.get('sub'));
  const tenant = optionalClaim(claims.get('tenant_id'), readId);
  if (tenant === undefined) return claimFault('tenant_id', idForm, claims.get('tenant_id'));
  const { tokenId, notes } = readTokenId(claims);
  const { roles, isComplete } = readRoles([claims.get('roles'), claims.get('role')]);
  const name = optionalClaim(claims.get('name'), readName);
  return identified(
    {
      kind: 'user',
      id,
      roles,
      expiresAt,
      issuedAt,
      tenantId: tenant.value,
      tokenId,
      name: name?.value,
    },
    [
      ...notes,
      ...(isComplete ? [] : ['token is accepted without some of its roles, which cannot be read']),
      ...(name ? [] : ['token is accepted without its name, which is not a text']),
    ],
  );
}

function readName(claim: unknown): string | undefined {
  return typeof claim === 'string' ? displayName(claim) : undefined;
}
