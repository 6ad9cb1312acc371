import { fetchUrlProblem, keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import type { IssuerPolicy, KeysPolicy, TokenPolicy } from '../policy.ts';
import { sessionIssuer } from '../policy.ts';
import { kindNamed } from '../principal.ts';
import { buildRevocations, ownSubjects } from './build-revocations.ts';
import { issuerPresets } from './issuer-presets.ts';
import type { IssuerDeclaration } from './policy-document.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';

interface IssuerContext {
  readonly compare: (declared: IssuerDeclaration, built: IssuerPolicy, report: Report) => void;
  readonly report: Report;
}

/** Builds an issuer, and reports what cannot be used. */
export function buildIssuer(
  declared: IssuerDeclaration,
  { compare, report }: IssuerContext,
): IssuerPolicy {
  const { at, kind, revocations } = declared;
  const [subject] = Object.keys(revocations);
  if (subject !== undefined && ownSubjects.includes(subject)) {
    report.at([...at, 'revocations', subject], `${subject} is a subject of Usher`, 'key');
  }
  if (declared.name === sessionIssuer) {
    checkSession(declared, report);
  } else if (otherCredentials.includes(kind)) {
    const message = `a token cannot make a ${kind}, which another credential of Usher makes`;
    report.at([...at, 'kind'], message, 'value');
  }
  if (kind === 'user') {
    for (const key of (['id', 'revocations'] as const).filter((name) =>
      hasEntries(declared[name]),
    )) {
      report.at(
        [...at, key],
        `a user is identified and revoked by \`claims.id\`, without \`${key}\``,
        'key',
      );
    }
  }
  const tokens = tokensOf(declared, report);
  const built: IssuerPolicy = { ...principalOf(declared), ...(tokens && { tokens }) };
  compare(declared, built, report);
  return built;
}

/** The kinds of principals that session cookies and guest sessions make. */
const otherCredentials: readonly string[] = ['visitor', 'guest_session'];

/** The response of the application identifies the visitor, with fixed names of members. */
function checkSession({ at, kind, ...declared }: IssuerDeclaration, report: Report): void {
  if (kind !== 'visitor') report.at([...at, 'kind'], 'a session makes a visitor', 'value');
  for (const key of ['id', 'claims', 'revocations'] as const) {
    if (!hasEntries(declared[key])) continue;
    const message = `\`${key}\` of a session has a fixed name in the response of the application; declare \`attributes\` only`;
    report.at([...at, key], message, 'key');
  }
  for (const { name, at: path } of declared.attributes) {
    if (!['is_staff', 'is_superuser'].includes(name)) continue;
    report.at(path, `${name} is what rules read of every visitor`, 'key');
  }
}

const hasEntries = (value: object): boolean => Object.keys(value).length > 0;

/** The parts of an issuer that make a principal. */
function principalOf({
  preset,
  kind,
  id,
  claims,
  attributes,
  revocations,
}: IssuerDeclaration): Omit<IssuerPolicy, 'tokens'> {
  const compared = buildRevocations({ kind, id, revocations });
  const needed = new Set([...id, ...compared.flatMap(({ fields }) => [...fields.values()])]);
  // A principal whose id is made of attributes has roles, a tenant and a name only if the policy says where they are.
  const { roles, ...read } = id.length > 0 ? claims : { ...defaultClaims, ...claims };
  const byDefault = id.length > 0 ? [] : defaultRoles;
  const rolesBy = issuerPresets[preset ?? '']?.rolesBy;
  return {
    kind: kindNamed(kind),
    id,
    claims: { ...read, roles: roles === undefined ? byDefault : [roles] },
    ...(rolesBy !== undefined && { rolesBy }),
    attributes: Object.fromEntries(
      attributes.map(({ name, claim, type }) => [
        name,
        { claim, type, isRequired: needed.has(name) },
      ]),
    ),
    revocations: compared,
  };
}

const defaultClaims = { id: ['sub'], tenant: ['tenant_id'], name: ['name'] } as const;
const defaultRoles = [['roles'], ['role']] as const;

function tokensOf(
  { at, preset, issuer, keys, audience, require: required, maxAgeMs }: IssuerDeclaration,
  report: Report,
): TokenPolicy | undefined {
  const policy = keys && keysOf(keys, { issuer, at, report });
  const revokedIn = issuerPresets[preset ?? '']?.revokedIn;
  return (
    policy && {
      keys: policy,
      audience,
      require: required,
      place: report.place(at),
      ...(issuer !== undefined && { issuer }),
      ...(maxAgeMs !== undefined && { maxAgeMs }),
      ...(revokedIn !== undefined && { revokedIn }),
    }
  );
}

function keysOf(
  keys: NonNullable<IssuerDeclaration['keys']>,
  { issuer = '', at, report }: { issuer: string | undefined; at: Path; report: Report },
): KeysPolicy | undefined {
  if (keys === 'discover') {
    const address = toAddress(issuer, [...at, 'issuer'], report);
    return address && { from: 'discovery', issuer };
  }
  const { algorithm } = keys;
  const pinned = algorithm === undefined ? {} : { algorithm };
  if ('jwks' in keys) {
    const url = toAddress(keys.jwks, [...at, 'keys', 'jwks'], report);
    return url && { from: 'jwks', url, ...pinned };
  }
  if ('public_key' in keys) return { from: 'public key', place: keys.public_key, ...pinned };
  const { secret: place, encoding } = keys;
  return { from: 'secret', place, ...pinned, ...(encoding !== undefined && { encoding }) };
}

/** An address that Usher fetches. Reports one that it must not fetch. */
function toAddress(text: string, at: Path, report: Report): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem = url
    ? (keySetUrlProblem(url) ?? fetchUrlProblem(url))
    : 'must be an address such as https://id.example';
  if (problem === undefined) return url;
  report.at(at, `the address ${problem === 'must use https' ? needsHttps : problem}`);
  return undefined;
}

const needsHttps = 'must use https; http is for loopback addresses only';

/** The names of the issuers of a policy, and what must differ between them. */
export function createIssuerCheck(): IssuerContext['compare'] {
  const earlier: { readonly name: string; readonly issuer: IssuerPolicy }[] = [];
  return ({ at, name }, issuer, report) => {
    for (const other of earlier) {
      const sameTokens = tokensFault(issuer.tokens, other.issuer.tokens);
      if (sameTokens !== undefined) {
        const message = `${sameTokens.message} as the issuer ${other.name}: a token would fit both`;
        report.at([...at, sameTokens.key], message, 'key');
      }
      const otherKind = kindFault(issuer, other.issuer);
      if (otherKind === undefined) continue;
      const message = `makes principals of the same kind as the issuer ${other.name}, with ${otherKind}`;
      report.at([...at, 'kind'], message, 'value');
    }
    earlier.push({ name, issuer });
  };
}

/** Why a token could be of both issuers. */
function tokensFault(
  one: TokenPolicy | undefined,
  other: TokenPolicy | undefined,
): { readonly key: 'issuer' | 'keys'; readonly message: string } | undefined {
  if (one === undefined || other === undefined || one.issuer !== other.issuer) return undefined;
  if (one.issuer !== undefined) return { key: 'issuer', message: 'has the same `issuer`' };
  return isSecret(one.keys) === isSecret(other.keys)
    ? { key: 'keys', message: 'has no `issuer`, and the same kind of key' }
    : undefined;
}

const isSecret = ({ from }: KeysPolicy): boolean => from === 'secret';

/** Why two issuers cannot make principals of one kind: neither the attributes that rules read nor the subjects of revocations would be defined. */
function kindFault(one: IssuerPolicy, other: IssuerPolicy): string | undefined {
  if (one.kind !== other.kind) return undefined;
  if (one.id.join() !== other.id.join()) return 'another id';
  if (revocationText(one) !== revocationText(other)) return 'other revocations';
  const conflict = Object.entries(one.attributes).find(([name, { type }]) => {
    return Object.hasOwn(other.attributes, name) && other.attributes[name]?.type !== type;
  });
  return conflict && `another type of the attribute ${conflict[0]}`;
}

const revocationText = ({ revocations }: IssuerPolicy): string =>
  JSON.stringify(revocations.map(({ subject, fields }) => [subject, ...fields]));

/**
 * Adds the issuers of settings that the policy does not declare. One that does not fit the kind of a declared issuer is left out:
 * its tokens are not accepted.
 */
export function withDefaults(
  declared: ReadonlyMap<string, IssuerPolicy>,
  defaults: readonly IssuerDeclaration[],
): ReadonlyMap<string, IssuerPolicy> {
  const issuers = new Map<string, IssuerPolicy>();
  for (const each of defaults) {
    const issuer = principalOf(each);
    const fits = [...declared.values()].every((other) => kindFault(issuer, other) === undefined);
    if (fits) issuers.set(each.name, issuer);
  }
  return new Map([...issuers, ...declared]);
}
