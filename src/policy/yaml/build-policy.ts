import { hostVisitorKind } from '../ask.ts';
import type { ChannelType } from '../channel-type.ts';
import type { FactKind } from '../fact-kind.ts';
import {
  type AnswerStyle,
  type Policy,
  type RefusalCodePolicy,
  type RoutePolicy,
  type SourcePolicy,
} from '../policy.ts';
import { pinCode } from '../param.ts';
import { buildChannel, everyKind } from './build-channel.ts';
import { buildDemo } from './build-demo.ts';
import { buildQuery } from './build-query.ts';
import { buildDoor, buildRoute } from './build-routes.ts';
import { checkCodes } from './check-codes.ts';
import { checkPaths } from './check-paths.ts';
import { buildIssuer, createIssuerCheck, withDefaults } from './build-issuer.ts';
import {
  mergeDeclarations,
  type Declared,
  type NamedBy,
  type Source,
} from './merge-declarations.ts';
import type { FactDeclaration, IssuerDeclaration, PolicyDocument } from './policy-document.ts';
import type { Problem } from './problem.ts';
import type { ReadFile } from './read-file.ts';
import { checkSource, type SourceContext } from './check-source.ts';
import { createReport } from './report.ts';
import { principalTypes, type PrincipalTypes } from './rule-scope.ts';

/** A policy file that was read without problems. */
export type PolicyFile = ReadFile<PolicyDocument>;

/** The parts of a policy: those of its YAML files, together with those of its modules. */
export interface PolicyParts extends Pick<
  Policy,
  'sources' | 'factKinds' | 'issuers' | 'codes' | 'routes' | 'doors' | 'demo'
> {
  readonly channels: readonly ChannelType[];
  /** The attributes of each kind of principal. */
  readonly principals: PrincipalTypes;
}

interface ModuleParts {
  readonly channels: readonly ChannelType[];
  readonly sources: readonly SourcePolicy[];
  readonly factKinds: readonly FactKind[];
  /** The file of a kind of fact. */
  readonly fileOf: (kind: FactKind) => string;
  /** The place of the channel with this pattern; `undefined` if no module declares it. */
  readonly placeOf: (pattern: string) => string | undefined;
}

interface BuildDeps {
  readonly modules: ModuleParts;
  readonly styles: ReadonlyMap<string, AnswerStyle>;
  /** The issuers of a policy that does not declare them. */
  readonly defaults: readonly IssuerDeclaration[];
}

/**
 * Builds all files as one policy: a file may name kinds of facts, issuers and channels of another one. Returns the problems of all
 * files; with problems the parts are incomplete.
 */
export function buildPolicyParts(
  files: readonly PolicyFile[],
  { modules, styles, defaults }: BuildDeps,
): { readonly parts: PolicyParts; readonly problems: readonly Problem[] } {
  const sources = files.map((read) => ({
    ...read.document,
    report: createReport(read.file, read),
  }));
  const merge = <T extends Declared, Value>(
    list: (source: Source) => readonly T[],
    named: NamedBy<T, Value>,
    build: (declared: T, source: Source) => Value | undefined,
  ) => mergeDeclarations(sources, { list, named, build });

  const sourcesOfModules = new Map(modules.sources.map((each) => [each.name, each]));
  const hosts = merge(
    (source) => source.sources,
    ['source', ({ name }) => name, { values: sourcesOfModules, placeOf: ({ place }) => place }],
    ({ at, name, url, token }, { report }): SourcePolicy => ({
      name,
      url,
      token,
      place: report.placeText(at),
    }),
  );
  const kindsOfModules = new Map(modules.factKinds.map((kind) => [kind.name, kind]));
  const factKinds = merge(
    ({ facts }) => facts,
    ['fact', ({ name }) => name, { values: kindsOfModules, placeOf: modules.fileOf }],
    (fact, { report }) => factKind(fact, { sources: hosts, report }),
  );
  const compare = createIssuerCheck();
  const declaredIssuers = merge(
    (source) => source.issuers,
    ['issuer', ({ name }) => name],
    (declared, { report }) => buildIssuer(declared, { compare, report }),
  );
  const issuers = withDefaults(declaredIssuers, defaults);
  const principals = principalTypes([...issuers.values()]);
  const channelsOfModules = new Map(
    modules.channels.map((channel) => [channel.pattern.text, withEveryKind(channel, principals)]),
  );
  const channels = merge(
    (source) => source.channels,
    [
      'channel',
      ({ pattern }) => pattern,
      {
        values: channelsOfModules,
        placeOf: ({ pattern: { text } }) => modules.placeOf(text) ?? '',
      },
    ],
    (channel, { report }) =>
      buildChannel(channel, { sources: hosts, factKinds, principals, report }),
  );
  const declared = sources.flatMap((source) => source.channels.map(({ pattern }) => pattern));
  const context = {
    channels,
    // Of a channel with a problem: that a route names it is no other problem.
    unbuilt: declared.filter((pattern) => !channels.has(pattern)),
    // Only the application can read the credential of a visitor of its own.
    kinds: [...principals.keys()].filter((kind) => kind !== hostVisitorKind),
    issuers: [...issuers.values()],
    styles,
  };
  const routes = merge(
    (source) => source.routes,
    ['route', ({ path }) => path],
    (route, { report }) => buildRoute(route, { ...context, report }),
  );
  const doors = merge(
    (source) => source.doors,
    ['door', ({ path }) => path],
    (door, { report }) => buildDoor(door, { ...context, report }),
  );
  checkPaths(sources, modules.factKinds);
  const codes = merge(
    (source) => source.codes,
    ['code', ({ code }) => code],
    ({ remedy }): RefusalCodePolicy => ({ remedy }),
  );
  const allCodes = withPinCodes(codes, routes);
  checkCodes(sources, allCodes);
  const demos = sources.flatMap(({ demo, report }) =>
    demo === undefined ? [] : [buildDemo(demo, { factKinds, principals, issuers, report })],
  );
  const parts: PolicyParts = {
    channels: [...context.channels.values()],
    sources: hosts,
    factKinds,
    issuers,
    routes,
    doors,
    principals,
    codes: allCodes,
    demo: {
      facts: demos.flatMap(({ facts }) => facts),
      principals: new Map(demos.flatMap(({ principals: named }) => [...named])),
      subscribe: demos.flatMap(({ subscribe }) => subscribe),
    },
  };
  return { parts, problems: sources.flatMap(({ report }) => report.problems()) };
}

/** The kinds of principals are known when all files are read, so the channel of a module does not have them. */
function withEveryKind(channel: ChannelType, principals: PrincipalTypes): ChannelType {
  const { ask, rules } = channel;
  return ask === undefined || rules.size > 0
    ? channel
    : { ...channel, rules: everyKind(ask, principals) };
}

/** Adds the codes of pins. A credential of another pin is a request across tenants. */
function withPinCodes(
  codes: ReadonlyMap<string, RefusalCodePolicy>,
  routes: ReadonlyMap<string, RoutePolicy>,
): ReadonlyMap<string, RefusalCodePolicy> {
  const all = new Map(codes);
  for (const { pathParam } of [...routes.values()].flatMap(({ pins }) => pins)) {
    const remedy = codes.get(pinCode(pathParam))?.remedy;
    all.set(pinCode(pathParam), {
      remedy: remedy ?? `The ${pathParam} of the path is not that of the channel.`,
      event: 'cross-tenant',
    });
  }
  return all;
}

function factKind(
  { at, name, ids, fields, tenant, path, about, sql, http, fresh }: FactDeclaration,
  { sources, report }: SourceContext,
): FactKind {
  const query = sql && buildQuery(sql, [...at, 'sql'], { names: ids, sources, report });
  if (http !== undefined) checkSource(http.source, [...at, 'http'], { sources, report });
  const freshMs = fresh?.ms ?? 0;
  const sessions = Object.values(fields).filter(({ type }) => type === 'guest_session');
  if (sessions.length > 1)
    report.at(at, `${name} may have one field of the type guest_session`, 'key');
  return {
    name,
    ids,
    fields,
    ...(tenant !== undefined && { tenant }),
    ...(path !== undefined && { path }),
    ...(about !== undefined && { about }),
    ...(query !== undefined && { from: { type: 'sql', query, freshMs } }),
    ...(http !== undefined && { from: { type: 'http', ...http, freshMs } }),
  };
}
