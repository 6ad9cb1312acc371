import type { Principal } from '../policy/principal.ts';
import { displayName, optionalClaim, printableText, readId, readTokenId } from './claims.ts';
import type { CredentialReader } from './identify.ts';
import type { Claims, JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

const maxRoleLength = 128;
const maxRoles = 64;

/**
 * Creates the reader of users' bearer tokens: JWTs with `sub`, and optionally `tenant_id`, `roles` or `role`, `jti`,
 * `name`. A claim of the wrong type is refused. A null claim counts as missing.
 */
export function createBearerTokenReader(settings: {
  readonly verifier: JwtVerifier;
}): CredentialReader {
  return async (text) => {
    const jwt = await settings.verifier.verify(text);
    if ('fault' in jwt) return jwt;
    const principal = readUser(jwt);
    return principal === undefined ? { fault: 'credential-rejected' } : { principal };
  };
}

function readUser({ claims, issuedAt, expiresAt }: VerifiedJwt): Principal | undefined {
  const userId = readId(claims.get('sub'));
  const tenantId = optionalClaim(claims.get('tenant_id'), readId);
  const tokenId = optionalClaim(claims.get('jti'), readTokenId);
  const name = optionalClaim(claims.get('name'), readName);
  const roles = readRoles(claims);
  if (userId === undefined || roles === undefined) return undefined;
  if (tenantId === undefined || tokenId === undefined || name === undefined) return undefined;
  return {
    kind: 'user',
    id: userId,
    roles,
    expiresAt,
    issuedAt,
    tenantId: tenantId.value,
    tokenId: tokenId.value,
    name: name.value,
  };
}

function readName(claim: unknown): string | undefined {
  return typeof claim === 'string' ? displayName(claim) : undefined;
}

function readRoles(claims: Claims): readonly string[] | undefined {
  const list = claims.get('roles') ?? [];
  const single = claims.get('role') ?? undefined;
  if (!Array.isArray(list) || list.length > maxRoles) return undefined;
  const written: readonly unknown[] =
    single === undefined ? list : [...(list as unknown[]), single];
  const roles = written.map((role) => printableText(role, maxRoleLength));
  return roles.every((role) => role !== undefined) ? [...new Set(roles)] : undefined;
}
