import type { ValueType } from '../fact-kind.ts';
import { fixedIssuers, type ClaimName } from '../policy.ts';
import { applyPreset, checkPreset } from './apply-preset.ts';
import type {
  AttributeDeclaration,
  ClaimsDeclaration,
  IssuerDeclaration,
  KeysDeclaration,
} from './policy-document.ts';
import { entriesOf, type Raw } from './raw.ts';
import { isBinding, toClaimRules, type RawClaimRule } from './read-claim-rules.ts';
import type { Path } from './read-document.ts';
import { hint, type SchemaFault } from './schema-error.ts';

/** An issuer, as in the file. */
export interface RawIssuer {
  readonly preset?: string;
  readonly issuer?: string;
  readonly keys?: KeysDeclaration;
  readonly audience?: readonly string[];
  readonly require?: Raw<RawClaimRule>;
  /** Absent only beside a preset. */
  readonly kind?: string;
  readonly claims?: Raw<RawClaim>;
  readonly id?: readonly string[];
  readonly attributes?: Raw<{ readonly claim: RawClaim; readonly type: ValueType }>;
  readonly max_age?: string;
  readonly revocations?: Raw<Raw<string>>;
}

type RawClaim = string | readonly string[] | { readonly env: string; readonly default: string };

export const toIssuers = (
  issuers: Raw<RawIssuer> | undefined,
  at: Path,
): readonly IssuerDeclaration[] => entriesOf(issuers, at).map(toIssuer);

const toIssuer = ({
  key,
  value,
  at,
}: ReturnType<typeof entriesOf<RawIssuer>>[number]): IssuerDeclaration =>
  // The other half of an issuer with a fixed name is settings, so a preset does not fit.
  toDeclaration(key, fixedIssuers.includes(key) ? value : applyPreset(value), at);

const toDeclaration = (
  name: string,
  { kind = '', id = [], claims, attributes, revocations = {}, max_age, ...raw }: RawIssuer,
  at: Path,
): IssuerDeclaration => ({
  at,
  name,
  kind,
  id,
  revocations,
  ...(raw.preset !== undefined && { preset: raw.preset }),
  ...(raw.issuer !== undefined && { issuer: raw.issuer }),
  ...(raw.keys !== undefined && { keys: raw.keys }),
  audience: raw.audience ?? [],
  require: toClaimRules(raw.require),
  ...(max_age !== undefined && { maxAgeMs: toMilliseconds(max_age) }),
  claims: toClaims(claims),
  attributes: entriesOf(attributes, [...at, 'attributes']).map(
    ({ key: attribute, value: { claim, type }, at: attributeAt }): AttributeDeclaration => ({
      at: attributeAt,
      name: attribute,
      type,
      claim: toClaim(claim),
    }),
  ),
});

const toClaims = (claims: Raw<RawClaim> | undefined): ClaimsDeclaration =>
  Object.fromEntries(Object.entries(claims ?? {}).map(([name, claim]) => [name, toClaim(claim)]));

const toClaim = (claim: RawClaim): ClaimName => (typeof claim === 'string' ? [claim] : claim);

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const toMilliseconds = (text: string): number =>
  Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? NaN);

/** Checks that the schema cannot express. */
export function checkIssuer(issuer: IssuerDeclaration): readonly SchemaFault[] {
  const faults = [...checkAttributes(issuer), ...checkClaims(issuer)];
  if (faults.length > 0) return faults;
  return fixedIssuers.includes(issuer.name) ? checkFixed(issuer) : checkTokens(issuer);
}

/** An id and a revocation are of attributes. */
function checkAttributes({
  at,
  id,
  attributes,
  revocations,
}: IssuerDeclaration): readonly SchemaFault[] {
  const known = attributes.map(({ name }) => name);
  const compared = entriesOf(revocations, [...at, 'revocations']).flatMap(({ value, at: place }) =>
    entriesOf(value, place),
  );
  const used = [...id.map((value, i) => ({ value, at: [...at, 'id', i] })), ...compared];
  return used
    .filter(({ value }) => !known.includes(value))
    .map(({ value, at: path }): SchemaFault => {
      const message = `${value} is not an attribute of this issuer; ${hint(value, known)}`;
      return { path, part: 'value', message };
    });
}

/** Rules see claims and attributes beside each other. */
function checkClaims({ at, id, claims, attributes }: IssuerDeclaration): readonly SchemaFault[] {
  const faults = attributes.flatMap(({ name, at: path }): readonly SchemaFault[] => {
    const isTaken =
      id.length === 0 ? principalFields.includes(name) : name === 'roles' || name in claims;
    const message = `${name} is what rules read of every principal: set its claim in \`claims\``;
    return isTaken ? [{ path, part: 'key', message }] : [];
  });
  if (id.length === 0 || claims.id === undefined) return faults;
  const message = '`id` names the attributes that are the id, so `claims` must not have one';
  return [...faults, { path: [...at, 'claims', 'id'], part: 'key', message }];
}

const principalFields: readonly string[] = ['id', 'roles', 'tenant', 'name'];

/** Settings configure the keys of an issuer with a fixed name. */
function checkFixed({ at, name, ...declared }: IssuerDeclaration): readonly SchemaFault[] {
  const { preset, issuer, keys, audience, require: required, maxAgeMs } = declared;
  const given = {
    preset,
    issuer,
    keys,
    audience: audience[0],
    require: Object.keys(required)[0],
    max_age: maxAgeMs,
  };
  return Object.entries(given).flatMap(([key, value]): readonly SchemaFault[] => {
    const what = key === 'preset' ? 'does not fit' : 'is one of';
    const message = `\`${key}\` of ${name} ${what} the settings ${name.toUpperCase()}_…; give the issuer another name`;
    return value === undefined ? [] : [{ path: [...at, key], part: 'key', message }];
  });
}

function checkTokens(declared: IssuerDeclaration): readonly SchemaFault[] {
  const { at, preset, keys, issuer, audience, require: required } = declared;
  const missing = checkPreset(declared);
  if (missing.length > 0) return missing;
  if (keys === undefined) {
    return [{ path: at, part: 'key', message: 'an issuer requires the key `keys`' }];
  }
  const faults = [...checkKeys(keys, [...at, 'keys'])];
  if (keys === 'discover' && issuer === undefined) {
    const message =
      '`keys: discover` requires the key `issuer` beside it: the address of the issuer';
    faults.push({ path: [...at, 'keys'], part: 'key', message });
  }
  const binds = audience.length > 0 || Object.values(required).some(isBinding);
  if (preset === undefined && !binds) {
    const message =
      'an issuer requires the key `audience`, or `require` with the claim that binds a token to this application: its other tokens would be accepted here';
    faults.push({ path: at, part: 'key', message });
  }
  return faults;
}

function checkKeys(keys: KeysDeclaration, at: Path): readonly SchemaFault[] {
  if (keys === 'discover') return [];
  const sources = ['jwks', 'secret', 'public_key'].filter((name) => Object.hasOwn(keys, name));
  if (sources.length !== 1) {
    const message = 'keys require exactly one of `jwks`, `secret` and `public_key`';
    return [{ path: at, part: 'key', message }];
  }
  if ('encoding' in keys && !('secret' in keys)) {
    const message = '`encoding` is that of a secret';
    return [{ path: [...at, 'encoding'], part: 'key', message }];
  }
  const { algorithm } = keys;
  if (algorithm === undefined) return [];
  const path = [...at, 'algorithm'];
  if ('secret' in keys === algorithm.startsWith('HS')) return [];
  const message = `${algorithm} is not an algorithm of a ${'secret' in keys ? 'secret' : 'public key'}`;
  return [{ path, part: 'value', message }];
}
