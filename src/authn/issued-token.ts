import type { IssuerPolicy } from '../policy/policy.ts';
import type { Attributes, Principal } from '../policy/principal.ts';
import { optionalClaim, printableText, readTokenId } from './claims.ts';
import type { CredentialReader } from './identify.ts';
import type { JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

const maxAttributeLength = 128;

/** The claims of an issuer, with the names that the settings select. */
export interface IssuerClaims extends Pick<IssuerPolicy, 'kind' | 'id' | 'revocation'> {
  /** The name of the claim of each attribute. */
  readonly claims: Readonly<Record<string, string>>;
}

/** Selects the names of the claims by the settings. `setting` returns the value of an environment variable. */
export function issuerClaims(
  { kind, id, attributes, revocation }: IssuerPolicy,
  setting: (name: string) => string | undefined,
): IssuerClaims {
  const names = Object.entries(attributes).map(([attribute, { claim }]) => [
    attribute,
    'env' in claim ? (setting(claim.env) ?? claim.default) : claim[0],
  ]);
  return { kind, id, revocation, claims: Object.fromEntries(names) as Record<string, string> };
}

/**
 * Creates the reader of an issuer's tokens: JWTs whose claims are the attributes of the principal, each a text of 1 to 128
 * characters.
 */
export function createIssuedTokenReader(settings: {
  readonly verifier: JwtVerifier;
  /** Reads the current policy. Without the issuer no token is accepted. */
  readonly issuer: () => IssuerClaims | undefined;
}): CredentialReader {
  return async (text) => {
    const issuer = settings.issuer();
    if (issuer === undefined) return { fault: 'credential-not-configured' };
    const jwt = await settings.verifier.verify(text);
    if ('fault' in jwt) return jwt;
    const principal = readPrincipal(jwt, issuer);
    return principal === undefined ? { fault: 'credential-rejected' } : { principal };
  };
}

function readPrincipal(
  { claims, issuedAt, expiresAt }: VerifiedJwt,
  issuer: IssuerClaims,
): Principal | undefined {
  const attributes: Record<string, string> = {};
  for (const [name, claim] of Object.entries(issuer.claims)) {
    const value = printableText(claims.get(claim), maxAttributeLength);
    if (value === undefined) return undefined;
    attributes[name] = value;
  }
  const tokenId = optionalClaim(claims.get('jti'), readTokenId);
  if (tokenId === undefined) return undefined;
  return {
    ...principalOf(issuer, attributes),
    issuedAt,
    expiresAt,
    tokenId: tokenId.value,
  };
}

/** The principal of an issuer with these attributes, without its lifetime. */
export function principalOf(
  { kind, id, revocation }: Pick<IssuerPolicy, 'kind' | 'id' | 'revocation'>,
  attributes: Attributes,
): Omit<Principal, 'expiresAt'> {
  const text = (name: string) => String(attributes[name] ?? '');
  return {
    kind,
    id: id.map(text).join('/'),
    roles: [],
    attributes,
    ...(revocation && {
      subject: [revocation.subject, ...[...revocation.fields.values()].map(text)],
    }),
  };
}
