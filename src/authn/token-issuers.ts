import type { Policy, IssuerPolicy, PrincipalClaims, TokenPolicy } from '../policy/policy.ts';
import { guestIssuer } from '../policy/policy.ts';
import type { PrincipalKind } from '../policy/principal.ts';
import { createTokenChoice, type TokenChoice } from './choose-issuer.ts';
import { createJwks } from './jwt/jwks.ts';
import type { JwtIssuer } from './jwt/verify-jwt.ts';
import { hmacKey, pemKey, type HmacSecret, type KeyDeps, type TokenKeys } from './jwt/token-key.ts';

/** An issuer of tokens. */
export interface TokenIssuer extends JwtIssuer {
  readonly name: string;
  readonly isSymmetric: boolean;
  /** Whether its secret is the default of development, which an issuer of the policy replaces. */
  readonly isDefault: boolean;
  readonly revokedIn?: TokenPolicy['revokedIn'];
  readonly principal: IssuerClaims;
}

/** The claims of an issuer, with the names that the settings select. Each claim is its name, after those of the objects around it. */
export interface IssuerClaims extends Pick<
  PrincipalClaims,
  'kind' | 'id' | 'revocations' | 'rolesBy'
> {
  readonly claims: {
    readonly id?: readonly string[] | undefined;
    readonly roles: readonly (readonly string[])[];
    readonly tenant?: readonly string[] | undefined;
    readonly name?: readonly string[] | undefined;
  };
  readonly attributes: readonly IssuerAttribute[];
}

export interface IssuerAttribute {
  readonly name: string;
  readonly claim: readonly string[];
  readonly type: PrincipalClaims['attributes'][string]['type'];
  readonly isRequired: boolean;
}

/** Selects the names of the claims by the settings. `setting` returns the value of an environment variable. */
export function issuerClaims(
  { kind, id, claims, rolesBy, attributes, revocations }: PrincipalClaims,
  setting: (name: string) => string | undefined,
): IssuerClaims {
  type DeclaredClaim = PrincipalClaims['attributes'][string]['claim'];
  const namesOf = (claim: DeclaredClaim) =>
    'env' in claim ? [setting(claim.env) ?? claim.default] : claim;
  return {
    kind,
    id,
    revocations,
    rolesBy,
    claims: {
      id: claims.id && namesOf(claims.id),
      roles: claims.roles.map(namesOf),
      tenant: claims.tenant && namesOf(claims.tenant),
      name: claims.name && namesOf(claims.name),
    },
    attributes: Object.entries(attributes).map(([name, { claim, ...attribute }]) => ({
      name,
      claim: namesOf(claim),
      ...attribute,
    })),
  };
}

/** The claims of an issuer of settings: the same object until the policy changes, because responses are cached for it. */
export function createClaimsOf(
  name: string,
  variable: (name: string) => string | undefined,
  policy: () => Pick<Policy, 'issuers'>,
): () => IssuerClaims | undefined {
  let last: { readonly declared: IssuerPolicy; readonly claims: IssuerClaims } | undefined;
  return () => {
    const declared = policy().issuers.get(name);
    if (declared === undefined) return undefined;
    if (last?.declared !== declared) last = { declared, claims: issuerClaims(declared, variable) };
    return last.claims;
  };
}

/** The issuers that may have made the token of a request. */
export interface TokenChoices {
  /** For bearer tokens: all but that of the `GUEST_TOKEN_…` settings. */
  readonly bearer: TokenChoice;
  /** For guest tokens: that of the `GUEST_TOKEN_…` settings. */
  readonly guest: TokenChoice;
  /** For the tokens of a route of the policy: those that make its kind of principal. */
  readonly ofKind: (kind: PrincipalKind) => TokenChoice;
}

export interface TokenIssuerDeps {
  readonly policy: () => Pick<Policy, 'issuers'>;
  /** How the tokens of an issuer of settings are verified, by its name. */
  readonly fixed: ReadonlyMap<string, Omit<TokenIssuer, 'name' | 'principal'>>;
  /** Reads an environment variable. */
  readonly variable: (name: string) => string | undefined;
  /** Creates the source of the keys of an issuer of the policy. Must not throw. */
  readonly openKeys: (name: string, keys: TokenPolicy['keys']) => TokenKeys;
  /** Called with the names of the issuers of another policy. */
  readonly onChange: (names: ReadonlySet<string>) => void;
}

/**
 * Returns a function that reads the issuers of the policy in use. An issuer that a reload does not change stays the same object, with its
 * keys; if only its claims change, its keys stay.
 */
export function createTokenIssuers(deps: TokenIssuerDeps): () => TokenChoices {
  let last: { readonly issuers: Policy['issuers']; readonly choices: TokenChoices } | undefined;
  let known = new Map<string, TokenIssuer>();
  let opened = new Map<string, TokenKeys>();
  return () => {
    const { issuers } = deps.policy();
    // Building them for each token would take longer than verifying it.
    if (last?.issuers === issuers) return last.choices;
    const [all, keys] = [new Map<string, TokenIssuer>(), new Map<string, TokenKeys>()];
    for (const [name, declared] of issuers) {
      const id = identityOf(name, declared);
      const keyId = identityOf(name, declared.tokens && keysOf(declared.tokens));
      const issuer = known.get(id) ?? build([name, declared], deps, opened.get(keyId));
      if (issuer === undefined) continue;
      all.set(id, issuer);
      keys.set(keyId, issuer.keys);
    }
    [known, opened] = [all, keys];
    deps.onChange(new Set([...all.values()].map(({ name }) => name)));
    last = { issuers, choices: choicesOf([...all.values()]) };
    return last.choices;
  };
}

/** Keys are never shared between issuers, whose `iss` is part of what selects them. */
const keysOf = ({ issuer, keys }: TokenPolicy) => ({ issuer, keys });

/** Equal for equal declarations, wherever in the file they are. */
function identityOf(name: string, declared: unknown): string {
  return JSON.stringify([name, declared], (key, value: unknown) => {
    if (value instanceof Map) return [...value];
    return key === 'place' && isPlaceOfFile(value) ? undefined : value;
  });
}

const isPlaceOfFile = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'line' in value;

function build(
  [name, declared]: readonly [string, IssuerPolicy],
  { fixed, variable, openKeys }: TokenIssuerDeps,
  opened: TokenKeys | undefined,
): TokenIssuer | undefined {
  const principal = issuerClaims(declared, variable);
  const { tokens } = declared;
  if (tokens === undefined) {
    const settings = fixed.get(name);
    return settings && { ...settings, name, principal };
  }
  const { issuer, keys, audience, maxAgeMs, revokedIn } = tokens;
  return {
    name,
    issuer,
    audience,
    maxAgeMs,
    principal,
    ...(revokedIn !== undefined && { revokedIn }),
    require: Object.entries(tokens.require),
    isSymmetric: keys.from === 'secret',
    isDefault: false,
    keys: opened ?? openKeys(name, keys),
  };
}

function choicesOf(issuers: readonly TokenIssuer[]): TokenChoices {
  const byKind = new Map<PrincipalKind, TokenChoice>();
  const none = createTokenChoice([]);
  for (const kind of new Set(issuers.map(({ principal }) => principal.kind))) {
    const ofKind = issuers.filter(({ principal }) => principal.kind === kind);
    byKind.set(kind, choiceOf(ofKind));
  }
  const isGuest = ({ name }: TokenIssuer) => name === guestIssuer;
  return {
    bearer: choiceOf(issuers.filter((issuer) => !isGuest(issuer))),
    guest: choiceOf(issuers.filter(isGuest)),
    ofKind: (kind) => byKind.get(kind) ?? none,
  };
}

/** The secret that is the default of development would be the second one without an `iss`. */
function choiceOf(issuers: readonly TokenIssuer[]): TokenChoice {
  const isOpen = ({ issuer, isSymmetric }: TokenIssuer) => issuer === undefined && isSymmetric;
  const hasOther = issuers.some((each) => isOpen(each) && !each.isDefault);
  return createTokenChoice(issuers.filter((each) => !(hasOther && each.isDefault && isOpen(each))));
}

/**
 * The key source of an issuer: a shared secret, one PEM public key (SPKI), or a JWKS address. Without `algorithm` a secret is
 * pinned to HS256, and a public key to the default of its type.
 */
export type TokenKeySettings =
  | HmacSecret
  | { readonly publicKey: string; readonly algorithm?: string }
  | { readonly jwksUrl: URL };

/** Creates the configured key source. Throws an `Error` without the value if the key is unusable. */
export function createTokenKeys(settings: TokenKeySettings, deps: KeyDeps): TokenKeys {
  if ('jwksUrl' in settings) return createJwks({ url: settings.jwksUrl, ...deps });
  const only =
    'secret' in settings ? hmacKey(settings) : pemKey(settings.publicKey, settings.algorithm);
  const [found, none] = [Promise.resolve([only]), Promise.resolve([])];
  return {
    // The key decides the algorithm, never the token. Otherwise an attacker could use an RS256 public key as an HS256
    // secret.
    find: ({ alg }) => (alg === only.algorithm ? found : none),
  };
}
