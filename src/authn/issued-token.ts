import type { IssuerPolicy } from '../policy/policy.ts';
import type { Attributes, Principal } from '../policy/principal.ts';
import { claimFault } from './claim-fault.ts';
import { printableText, readTokenId } from './claims.ts';
import { identified, type Identification } from './credential.ts';
import type { CredentialReader } from './identify.ts';
import { isJsonObject } from '../runtime/json.ts';
import type { Claims, JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

const maxAttributeLength = 128;
const attributeForm = `a printable text of 1 to ${maxAttributeLength} characters`;

/** The claims of an issuer, with the names that the settings select. */
export interface IssuerClaims extends Pick<IssuerPolicy, 'kind' | 'id' | 'revocation'> {
  /** The claim of each attribute: its name, after the names of the objects around it. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
}

/** Selects the names of the claims by the settings. `setting` returns the value of an environment variable. */
export function issuerClaims(
  { kind, id, attributes, revocation }: IssuerPolicy,
  setting: (name: string) => string | undefined,
): IssuerClaims {
  const names = Object.entries(attributes).map(([attribute, { claim }]) => [
    attribute,
    'env' in claim ? [setting(claim.env) ?? claim.default] : claim,
  ]);
  return {
    kind,
    id,
    revocation,
    claims: Object.fromEntries(names) as Record<string, readonly string[]>,
  };
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
    return 'fault' in jwt ? jwt : readPrincipal(jwt, issuer);
  };
}

function readPrincipal(
  { claims, issuedAt, expiresAt }: VerifiedJwt,
  issuer: IssuerClaims,
): Identification {
  const attributes: Record<string, string> = {};
  for (const [name, claim] of Object.entries(issuer.claims)) {
    const found = findClaim(claims, claim);
    const value = printableText(found, maxAttributeLength);
    if (value === undefined) return claimFault(claim.join(' → '), attributeForm, found);
    attributes[name] = value;
  }
  const { tokenId, notes } = readTokenId(claims);
  const { kind, id, roles, subject } = principalOf(issuer, attributes);
  // No spread: V8 would create a dictionary, for each decision.
  const principal = { kind, id, roles, attributes, subject, issuedAt, expiresAt, tokenId };
  return identified(principal, notes);
}

/** Finds a claim within the objects around it. Own members only, so that `constructor` is an ordinary name. */
function findClaim(claims: Claims, [first = '', ...nested]: readonly string[]): unknown {
  return nested.reduce<unknown>(
    (value, name) => (isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined),
    claims.get(first),
  );
}

/** The principal of an issuer with these attributes, without its lifetime. */
export function principalOf(
  { kind, id, revocation }: Pick<IssuerPolicy, 'kind' | 'id' | 'revocation'>,
  attributes: Attributes,
): Omit<Principal, 'expiresAt'> {
  const text = (name: string) => String(attributes[name] ?? '');
  const subject = revocation && [
    revocation.subject,
    ...Array.from(revocation.fields.values(), text),
  ];
  return { kind, id: id.map(text).join('/'), roles: [], attributes, subject };
}
