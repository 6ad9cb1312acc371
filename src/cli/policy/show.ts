import { type ChannelType, describeChannel } from '../../policy/channel-type.ts';
import { type FactKind, describeOrigin } from '../../policy/fact-kind.ts';
import { loadPolicy } from '../../policy/load-policy.ts';
import type { ClaimName, IssuerPolicy, KeysPolicy, Policy } from '../../policy/policy.ts';
import { ruleName } from '../../policy/principal.ts';
import type { AddCommand } from '../command.ts';
import { formatChannel } from '../format.ts';
import { sourcesOf } from './load.ts';
import { pathsArgument } from './options.ts';

/** Prints the channels, facts, routes, doors and issuers of a policy. */
export const addPolicyShow: AddCommand = (policy, { env, report }) => {
  policy
    .command('show')
    .description('show the channels, facts, routes, doors and issuers of a policy')
    .addArgument(pathsArgument())
    .option('--json', 'as JSON')
    .action(async (paths: readonly string[], { json }: { readonly json?: true }) => {
      const shown = describe(await loadPolicy(sourcesOf(paths, env)));
      report(json ? JSON.stringify(shown, null, 2) : format(shown));
    });
};

type Shown = ReturnType<typeof describe>;

function describe({ hash, files, channels, factKinds, routes, doors, issuers }: Policy) {
  return {
    hash,
    files,
    channels: channels.channelTypes.map(describeType),
    facts: [...factKinds.values()].map(describeFact),
    routes: [...routes].map(([path, { about, credential, pins, only = [], answers }]) => ({
      path,
      about,
      credential,
      only,
      ...(answers && { answers: answers.name }),
      pins: Object.fromEntries(pins.map((pin) => [pin.pathParam, pin.channelParam])),
    })),
    doors: [...doors].map(([path, door]) => ({ path, ...door })),
    issuers: [...issuers].map(([name, issuer]) => ({ name, ...describeIssuer(issuer) })),
  };
}

function describeType(channelType: ChannelType) {
  const { tenant, denied, rules } = channelType;
  return {
    ...describeChannel(channelType),
    params: Object.keys(channelType.params),
    ...(tenant !== undefined && { tenant }),
    ...(denied !== undefined && { denied }),
    lists: [...rules].filter(([, { list }]) => list !== undefined).map(([kind]) => ruleName(kind)),
  };
}

function describeFact(kind: FactKind) {
  const { name, about, ids, fields, tenant, path, from } = kind;
  const types = Object.entries(fields).map(([field, { type, optional }]) => [
    field,
    optional ? `${type}, optional` : type,
  ]);
  return {
    name,
    ids,
    fields: Object.fromEntries(types) as Readonly<Record<string, string>>,
    ...(about !== undefined && { about }),
    ...(tenant !== undefined && { tenant }),
    origin: describeOrigin(kind),
    paths: [['/facts', name, ...ids.map((id) => `{${id}}`)].join('/'), ...(path ? [path] : [])],
    method: from === undefined ? 'PUT' : 'GET',
  };
}

function describeIssuer({ kind, id, claims, attributes, revocations, tokens }: IssuerPolicy) {
  const { roles, ...others } = claims;
  const own = Object.entries({ ...others, roles: roles[0] }).flatMap(([name, claim]) =>
    claim === undefined ? [] : [[name, claim] as const],
  );
  const declared = Object.entries(attributes).map(([name, { claim }]) => [name, claim] as const);
  const named = [...own, ...declared].map(([name, claim]) => [name, claimText(claim)]);
  return {
    kind,
    id,
    tokens: describeTokens(tokens),
    claims: Object.fromEntries(named) as Readonly<Record<string, string>>,
    ...(revocations.length > 0 && {
      revokedBy: revocations.flatMap(({ fields }) => [...fields.values()]),
    }),
  };
}

/** How tokens are verified, without any value of a secret. */
function describeTokens(tokens: IssuerPolicy['tokens']): Readonly<Record<string, string>> {
  if (tokens === undefined) return { keys: 'settings' };
  const { issuer, keys, audience, require: required, maxAgeMs, revokedIn } = tokens;
  return {
    ...(issuer !== undefined && { issuer }),
    keys: keysText(keys),
    ...(audience.length > 0 && { audience: audience.join(', ') }),
    ...(Object.keys(required).length > 0 && { require: JSON.stringify(required) }),
    ...(maxAgeMs !== undefined && { max_age: `${maxAgeMs / 1000} s` }),
    ...(revokedIn !== undefined && { revoked_in: revokedIn }),
  };
}

function keysText(keys: KeysPolicy): string {
  if (keys.from === 'discovery') return 'discover';
  const encoding = 'encoding' in keys ? keys.encoding : undefined;
  const details = [keys.algorithm, encoding].filter((each) => each !== undefined);
  const pinned = details.length === 0 ? '' : ` (${details.join(', ')})`;
  if (keys.from === 'jwks') return `jwks ${keys.url.href}${pinned}`;
  const { from, place } = keys;
  const where = 'env' in place ? `the variable ${place.env}` : `the file ${place.file}`;
  return `${from} in ${where}${pinned}`;
}

function claimText(claim: ClaimName): string {
  return 'env' in claim ? `${claim.env}, by default ${claim.default}` : claim.join(' → ');
}

function format({ hash, files, channels, facts, routes, doors, issuers }: Shown): string {
  const sections = [
    [`policy ${hash}`, ...files.map((file) => `  ${file}`)],
    ...channels.map((channel) => [formatChannel(channel).trimEnd()]),
    ...facts.map(({ name, ids, about, fields, origin, paths, method }) => [
      `fact ${name} (${ids.join(', ')})${about === undefined ? '' : `: ${about}`}`,
      ...Object.entries(fields).map(([field, type]) => `  ${field}: ${type}`),
      `  ${origin}`,
      ...paths.map((path) => `  ${method} ${path}`),
    ]),
    ...routes.map(({ path, about, credential, pins, only, answers }) => [
      `POST ${path}: ${about}`,
      `  credential  ${ruleName(credential.kind)}`,
      ...Object.entries(pins).map(([from, to]) => `  {${from}} must be {${to}} of the channel`),
      ...only.map((pattern) => `  signs ${pattern}`),
      ...(answers === undefined ? [] : [`  answers  ${answers}`]),
    ]),
    ...doors.map(({ path, channel, upstream }) => [
      `WebSocket ${path}`,
      `  channel   ${channel}`,
      `  upstream  ${upstream.env}`,
    ]),
    ...issuers.map(({ name, kind, id, tokens, claims }) => [
      `issuer ${name}: ${kind}`,
      ...Object.entries(tokens).map(([key, value]) => `  ${key}  ${value}`),
      ...(id.length === 0 ? [] : [`  id  ${id.join(', ')}`]),
      ...Object.entries(claims).map(([attribute, claim]) => `  ${attribute}: claim ${claim}`),
    ]),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}
