import type { PrincipalClaims } from '../policy/policy.ts';
import type { Attributes, AttributeValue, Principal } from '../policy/principal.ts';
import { describeType } from '../runtime/describe-type.ts';
import { isJsonObject } from '../runtime/json.ts';
import { attributeForm, readAttribute } from './attributes.ts';
import { ofIssuer } from './choose-issuer.ts';
import {
  displayName,
  findClaim,
  findListClaim,
  idForm,
  optionalClaim,
  readId,
  readTokenId,
  claimFault,
} from './claims.ts';
import { identified, type Identification, type CredentialReader } from './credential.ts';
import type { Claims, JwtVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';
import { checkAccessToken, type PassportTokens } from './passport.ts';
import { readRoles, rolesOfTenant, type Roles } from './roles.ts';
import type { IssuerClaims, TokenChoices, TokenIssuer } from './token-issuers.ts';

/**
 * Creates the readers of issuers' tokens: of bearer tokens, and of guest tokens. A null claim counts as missing. A token whose
 * signature, times and origin are verified is refused only if its id cannot be read, or an attribute by which credentials are
 * revoked. Other claims that cannot be read are left out. With `passport`, tokens of Laravel Passport are refused that its
 * database does not accept.
 */
export function createTokenReaders(
  verifier: JwtVerifier<TokenIssuer>,
  choices: () => TokenChoices,
  passport?: PassportTokens,
): Readonly<Record<'bearer' | 'guest', CredentialReader>> {
  // The claims of a cached token are the same object, so its principal is read once, not for each decision.
  const known = new WeakMap<Claims, KnownPrincipal>();
  const readKnown = (jwt: VerifiedJwt<TokenIssuer>): Identification => {
    const { by, claims } = jwt;
    const before = known.get(claims);
    // A reloaded policy may read other claims.
    if (before?.by === by) return before.identified;
    const read = readPrincipal(jwt);
    if ('principal' in read) known.set(claims, { by, identified: read });
    return read;
  };
  const reader =
    (general: 'bearer' | 'guest'): CredentialReader =>
    async (text, kind) => {
      const all = choices();
      const choice = kind === undefined ? all[general] : all.ofKind(kind);
      if (choice.issuers.length === 0) return { fault: 'credential-not-configured' };
      const jwt = await verifier.verify(text, choice);
      if ('refused' in jwt) return ofIssuer(jwt.refused, jwt.by, choice);
      const read = readKnown(jwt);
      const isStored = passport !== undefined && jwt.by.revokedIn === 'oauth_access_tokens';
      const checked =
        isStored && 'principal' in read ? await checkAccessToken(read, jwt.claims, passport) : read;
      return 'fault' in checked ? ofIssuer(checked, jwt.by, choice) : checked;
    };
  return { bearer: reader('bearer'), guest: reader('guest') };
}

interface KnownPrincipal {
  readonly by: TokenIssuer;
  readonly identified: Identification;
}

/** Reads the principal in the claims of a token that an issuer signed. */
export function readPrincipal({
  by,
  claims,
  issuedAt,
  expiresAt,
}: Omit<VerifiedJwt, 'by'> & { readonly by: Pick<TokenIssuer, 'principal'> }): Identification {
  const issuer = by.principal;
  const id = idOf(claims, issuer.claims.id);
  if (typeof id === 'object') return id;
  const read = readAttributes(claims, issuer);
  if ('fault' in read) return read;
  const { attributes, notes } = read;
  const { tokenId, notes: tokenNotes } = readTokenId(claims);
  const tenant = optionalClaim(findClaim(claims, issuer.claims.tenant), readId);
  const name = optionalClaim(findClaim(claims, issuer.claims.name), readName);
  const { roles, isComplete } = rolesIn(claims, issuer, tenant?.value);
  if (tokenNotes.length > 0) notes.push(...tokenNotes);
  if (tenant === undefined) notes.push(tenantNote(claims, issuer));
  if (!isComplete) notes.push('token is accepted without some of its roles, which cannot be read');
  if (roles.length === 0) noteRolesElsewhere(claims, issuer, notes);
  if (name === undefined) notes.push('token is accepted without its name, which is not a text');
  const { kind } = issuer;
  const ownId = id ?? joinedId(issuer, attributes);
  // No spread: V8 would create a dictionary, for each decision.
  const principal = {
    kind,
    id: ownId,
    tenantId: tenant?.value,
    name: name?.value,
    roles,
    attributes: issuer.attributes.length === 0 ? undefined : attributes,
    subjects: subjectsOf(issuer, attributes, ownId),
    issuedAt,
    expiresAt,
    tokenId,
  };
  return identified(principal, notes);
}

/** The id in a claim; `undefined` if it is made of attributes. */
function idOf(claims: Claims, claim: readonly string[] | undefined) {
  if (claim === undefined) return undefined;
  const found = findClaim(claims, claim);
  return readId(found) ?? claimFault(nameOf(claim), idForm, found);
}

function rolesIn(
  claims: Claims,
  { claims: { roles: named }, rolesBy }: IssuerClaims,
  tenantId: string | undefined,
): Roles {
  if (named.length === 0) return noRoles;
  const found = named.map((claim) => findListClaim(claims, claim));
  return readRoles(
    rolesBy === 'organization' ? found.map((claim) => rolesOfTenant(claim, tenantId)) : found,
  );
}

const noRoles: Roles = { roles: [], isComplete: true };

/** Left out if it cannot be read: without a tenant no channel of a tenant is granted. */
function tenantNote(claims: Claims, { claims: { tenant = [] } }: IssuerClaims): string {
  return `token is accepted without its tenant: claim ${nameOf(tenant)} is ${idForm}: found ${describeType(findClaim(claims, tenant))}`;
}

function readAttributes(claims: Claims, { attributes: declared }: IssuerClaims) {
  const attributes: Record<string, AttributeValue> = {};
  const notes: string[] = [];
  for (const { name, claim, type, isRequired } of declared) {
    const find = type === 'list(string)' ? findListClaim : findClaim;
    const found = find(claims, claim);
    const value = readAttribute(found, type);
    if (value !== undefined) attributes[name] = value;
    else if (isRequired) return claimFault(nameOf(claim), attributeForm(type), found);
    else if (found === undefined) {
      if (isElsewhere(claims, claim)) notes.push(elsewhereNote(name, claim));
    } else if (found !== null) {
      notes.push(
        `token is accepted without its ${name}: claim ${nameOf(claim)} is ${attributeForm(type)}: found ${describeType(found)}`,
      );
    }
  }
  return { attributes, notes };
}

/** OpenID Connect Core §5.6.2. Entra writes the address of the groups if a user has more than a token can contain. */
function isElsewhere(claims: Claims, [name = '']: readonly string[]): boolean {
  const elsewhere = claims.get('_claim_names');
  return isJsonObject(elsewhere) && Object.hasOwn(elsewhere, name);
}

const elsewhereNote = (what: string, claim: readonly string[]): string =>
  `token is accepted without its ${what}: claim ${nameOf(claim)} is at another address (_claim_names), which Usher does not request`;

function noteRolesElsewhere(claims: Claims, { claims: { roles } }: IssuerClaims, notes: string[]) {
  for (const claim of roles) {
    if (isElsewhere(claims, claim)) notes.push(elsewhereNote('roles', claim));
  }
}

const nameOf = (claim: readonly string[]): string => claim.join(' → ');

function readName(claim: unknown): string | undefined {
  return typeof claim === 'string' ? displayName(claim) : undefined;
}

const joinedId = ({ id }: Pick<PrincipalClaims, 'id'>, attributes: Attributes): string =>
  id.map((name) => String(attributes[name] ?? '')).join('/');

function subjectsOf(
  { revocations }: Pick<PrincipalClaims, 'revocations'>,
  attributes: Attributes,
  id: string,
): Principal['subjects'] {
  if (revocations.length === 0) return undefined;
  const valueOf = (name: string) => (name === 'id' ? id : String(attributes[name] ?? ''));
  return revocations.map(({ subject, fields }) => [
    subject,
    ...Array.from(fields.values(), valueOf),
  ]);
}

/** The principal of an issuer with these attributes, without its lifetime. `id` is that of a claim. */
export function principalOf(
  issuer: Pick<PrincipalClaims, 'kind' | 'id' | 'revocations'>,
  attributes: Attributes,
  id = '',
): Omit<Principal, 'expiresAt'> {
  const ownId = issuer.id.length > 0 ? joinedId(issuer, attributes) : id;
  return {
    kind: issuer.kind,
    id: ownId,
    roles: [],
    attributes,
    subjects: subjectsOf(issuer, attributes, ownId),
  };
}
