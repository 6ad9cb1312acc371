import { applicationVisitorKind } from '../ask.ts';
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
import { buildFact } from './build-fact.ts';
import { buildDoor, buildRoute } from './build-routes.ts';
import { checkCodes } from './check-codes.ts';
import { checkPaths } from './check-paths.ts';
import { buildIssuer, createIssuerCheck, withDefaults } from './build-issuer.ts';
import { mergeDeclarations, type ReportedDocument } from './merge-declarations.ts';
import type { IssuerDeclaration, PolicyDocument } from './policy-document.ts';
import type { Problem } from './problem.ts';
import type { ReadFile } from './read-file.ts';
import type { SourceContext } from './check-source.ts';
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
  const documents = files.map((read) => ({
    ...read.document,
    report: createReport(read.file, read),
  }));
  const sources = buildSources(documents, modules);
  const factKinds = buildFactKinds(documents, modules, sources);
  const issuers = withDefaults(buildIssuers(documents), defaults);
  const principals = principalTypes([...issuers.values()]);
  const channels = buildChannels(documents, modules, { sources, factKinds, principals });
  const { routes, doors } = buildEndpoints(documents, { channels, principals, issuers, styles });
  checkPaths(documents, modules.factKinds);
  const codes = withPinCodes(declaredCodes(documents), routes);
  checkCodes(documents, codes);
  const demo = buildDemos(documents, { factKinds, principals, issuers });
  const parts: PolicyParts = {
    channels: [...channels.values()],
    sources,
    factKinds,
    issuers,
    routes,
    doors,
    principals,
    codes,
    demo,
  };
  return { parts, problems: documents.flatMap(({ report }) => report.problems()) };
}

function buildSources(
  documents: readonly ReportedDocument[],
  modules: ModuleParts,
): ReadonlyMap<string, SourcePolicy> {
  const values = new Map(modules.sources.map((each) => [each.name, each]));
  return mergeDeclarations(documents, {
    list: ({ sources }) => sources,
    named: ['source', ({ name }) => name, { values, placeOf: ({ place }) => place }],
    build: ({ at, name, url, token }, { report }) => {
      return { name, url, token, place: report.placeText(at) };
    },
  });
}

function buildFactKinds(
  documents: readonly ReportedDocument[],
  modules: ModuleParts,
  sources: SourceContext['sources'],
): ReadonlyMap<string, FactKind> {
  const values = new Map(modules.factKinds.map((kind) => [kind.name, kind]));
  return mergeDeclarations(documents, {
    list: ({ facts }) => facts,
    named: ['fact', ({ name }) => name, { values, placeOf: modules.fileOf }],
    build: (fact, { report }) => buildFact(fact, { sources, report }),
  });
}

function buildIssuers(documents: readonly ReportedDocument[]): PolicyParts['issuers'] {
  const compare = createIssuerCheck();
  return mergeDeclarations(documents, {
    list: ({ issuers }) => issuers,
    named: ['issuer', ({ name }) => name],
    build: (issuer, { report }) => buildIssuer(issuer, { compare, report }),
  });
}

type Channels = ReadonlyMap<string, ChannelType>;

function buildChannels(
  documents: readonly ReportedDocument[],
  modules: ModuleParts,
  context: Pick<PolicyParts, 'sources' | 'factKinds' | 'principals'>,
): Channels {
  const values = new Map(
    modules.channels.map((channel) => [
      channel.pattern.text,
      withEveryKind(channel, context.principals),
    ]),
  );
  const placeOf = ({ pattern }: ChannelType) => modules.placeOf(pattern.text) ?? '';
  return mergeDeclarations(documents, {
    list: ({ channels }) => channels,
    named: ['channel', ({ pattern }) => pattern, { values, placeOf }],
    build: (channel, { report }) => buildChannel(channel, { ...context, report }),
  });
}

/** Builds the routes and the WebSocket endpoints. */
function buildEndpoints(
  documents: readonly ReportedDocument[],
  {
    channels,
    principals,
    issuers,
    styles,
  }: Pick<PolicyParts, 'principals' | 'issuers'> &
    Pick<BuildDeps, 'styles'> & { readonly channels: Channels },
): Pick<PolicyParts, 'routes' | 'doors'> {
  const declared = documents.flatMap((source) => source.channels.map(({ pattern }) => pattern));
  const context = {
    channels,
    // The channels with problems: a route that names one of them is not another problem.
    unbuilt: declared.filter((pattern) => !channels.has(pattern)),
    // Only the application can read the credential of a visitor of its own.
    kinds: [...principals.keys()].filter((kind) => kind !== applicationVisitorKind),
    issuers: [...issuers.values()],
    styles,
  };
  const routes = mergeDeclarations(documents, {
    list: (source) => source.routes,
    named: ['route', ({ path }) => path],
    build: (route, { report }) => buildRoute(route, { ...context, report }),
  });
  const doors = mergeDeclarations(documents, {
    list: (source) => source.doors,
    named: ['door', ({ path }) => path],
    build: (door, { report }) => buildDoor(door, { ...context, report }),
  });
  return { routes, doors };
}

function declaredCodes(
  documents: readonly ReportedDocument[],
): ReadonlyMap<string, RefusalCodePolicy> {
  return mergeDeclarations(documents, {
    list: ({ codes }) => codes,
    named: ['code', ({ code }) => code],
    build: ({ remedy }): RefusalCodePolicy => ({ remedy }),
  });
}

function buildDemos(
  documents: readonly ReportedDocument[],
  context: Pick<PolicyParts, 'factKinds' | 'principals' | 'issuers'>,
): PolicyParts['demo'] {
  const demos = documents.flatMap(({ demo, report }) =>
    demo === undefined ? [] : [buildDemo(demo, { ...context, report })],
  );
  return {
    facts: demos.flatMap(({ facts }) => facts),
    principals: new Map(demos.flatMap(({ principals }) => [...principals])),
    subscribe: demos.flatMap(({ subscribe }) => subscribe),
  };
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
