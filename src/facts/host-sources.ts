import { createSqlDatabase, type SqlDatabase } from '../database/sql/sql-database.ts';
import type { FactKind } from '../policy/fact-kind.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Policy, SourcePolicy } from '../policy/policy.ts';
import type { SqlStatement } from '../policy/sql/read-statement.ts';
import type { Observe } from '../runtime/observe.ts';
import type { Secret } from '../runtime/secret.ts';
import type { Clock } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { isVisible, type FindAtHost } from './find-at-host.ts';
import { Misfit } from './sql/read-row.ts';
import { checkSqlFact, createSqlFact, type FindByIds } from './sql/sql-facts.ts';

/** A source with its URL. */
export interface ResolvedSource {
  readonly name: string;
  readonly kind: 'postgres' | 'mysql' | 'http';
  readonly url: Secret;
}

export interface HostSourcesDeps extends Clock {
  /** Reads the URL of a source, or says why it cannot be used. */
  readonly resolve: (
    source: SourcePolicy,
  ) => Promise<ResolvedSource | { readonly problem: string }>;
  /** Reports whether a source responds, by its name in `Unavailable`. */
  readonly observe: (dependency: string) => Observe;
}

/** Measures a question, until the returned function is called. */
export type MeasureFact = (kind: string) => (outcome: FactOutcome) => void;

/** `unfit`: the source answered, and the answer is neither a fact nor none. */
export type FactOutcome = 'found' | 'none' | 'unfit' | 'unavailable';

/** The sources of the policy in use, and the facts in them. */
export interface HostSources {
  /** Opens the sources of a policy that are not open. Throws `PolicyError`. */
  readonly prepare: (policy: Policy) => Promise<void>;
  /** Closes the sources that this policy does not use, when its decisions and those of the last policy are over. */
  readonly retain: (policy: Policy) => void;
  readonly find: FindAtHost;
  /** Checks whether the source can answer for this kind, with its columns and types. Throws `Unavailable`. */
  readonly check: (kind: FactKind) => Promise<void>;
  /** The query of a kind, in the dialect of its source. */
  readonly statementOf: (kind: FactKind) => SqlStatement | undefined;
  /** Measures the questions from now on. */
  readonly measureWith: (measure: MeasureFact) => void;
  readonly close: () => Promise<void>;
}

/** A decision that began with the last policy is over after this time. */
const closeAfterMs = 30_000;

export const dependencyOf = (source: string): string => `source ${source}`;

/** Creates the sources. Policies with the same URL share connections, so a reload does not interrupt them. */
export function createHostSources(deps: HostSourcesDeps): HostSources {
  const databases = new Map<string, OpenDatabase>();
  const facts = new WeakMap<FactKind, FindByIds>();
  const statements = new WeakMap<FactKind, SqlStatement>();
  const checks = new WeakMap<FactKind, () => Promise<void>>();
  const used = new WeakMap<Policy, ReadonlySet<string>>();
  const observers = new Map<string, Observe>();
  let measure: MeasureFact = () => () => undefined;

  const open = ({ name, kind, url }: ResolvedSource): OpenDatabase | undefined => {
    if (kind === 'http') return undefined;
    const key = `${name} ${url.reveal()}`;
    const existing = databases.get(key);
    if (existing !== undefined) {
      existing.stopClosing?.();
      existing.stopClosing = undefined;
      return existing;
    }
    const dependency = dependencyOf(name);
    const observe = observers.get(dependency) ?? deps.observe(dependency);
    observers.set(dependency, observe);
    const { now, startTimer } = deps;
    const database = createSqlDatabase({ dependency, kind, url, observe, now, startTimer });
    const opened: OpenDatabase = { key, kind, database, stopClosing: undefined };
    databases.set(key, opened);
    return opened;
  };

  const prepare = async (policy: Policy): Promise<void> => {
    const names = sourcesOf(policy);
    const problems: string[] = [];
    const resolved = new Map<string, ResolvedSource>();
    for (const source of policy.sources.values()) {
      if (!names.has(source.name)) continue;
      const found = await deps.resolve(source);
      if ('problem' in found) problems.push(found.problem);
      else resolved.set(source.name, found);
    }
    if (problems.length > 0) throw new PolicyError(problems);
    const keys = new Set<string>();
    for (const [name, use] of httpUses(policy)) {
      const source = resolved.get(name);
      if (source === undefined || source.kind === 'http') continue;
      problems.push(`${use}: the source ${name} is a database, and an HTTP server is needed`);
    }
    for (const kind of policy.factKinds.values()) {
      if (kind.from?.type !== 'sql') continue;
      const source = resolved.get(kind.from.query.source);
      if (source === undefined) continue;
      const problem = problemOf(kind, source);
      if (problem !== undefined) problems.push(problem);
      const opened = open(source);
      if (opened === undefined || problem !== undefined) continue;
      keys.add(opened.key);
      const statement = kind.from.query[opened.kind];
      if ('problem' in statement) continue;
      const { ask } = opened.database;
      facts.set(kind, createSqlFact(kind, statement, { ask, now: deps.now }));
      statements.set(kind, statement);
      checks.set(kind, () => checkSqlFact(kind, statement, { ask }));
    }
    used.set(policy, keys);
    if (problems.length > 0) throw new PolicyError(problems);
  };

  return {
    prepare,
    retain: (policy) => {
      const keys = used.get(policy) ?? new Set();
      for (const [key, opened] of databases) {
        if (keys.has(key) || opened.stopClosing !== undefined) continue;
        opened.stopClosing = deps.startTimer(closeAfterMs, () => {
          databases.delete(key);
          void opened.database.close();
        });
      }
    },
    find: createFind(facts, (kind) => measure(kind)),
    check: async (kind) => {
      try {
        await checks.get(kind)?.();
      } catch (error) {
        throw asUnavailable(kind, error);
      }
    },
    statementOf: (kind) => statements.get(kind),
    measureWith: (next) => {
      measure = next;
    },
    close: async () => {
      for (const { stopClosing } of databases.values()) stopClosing?.();
      await Promise.all([...databases.values()].map(({ database }) => database.close()));
    },
  };
}

interface OpenDatabase {
  readonly key: string;
  readonly kind: 'postgres' | 'mysql';
  readonly database: SqlDatabase;
  /** Set while the source is not used, and will be closed. */
  stopClosing: (() => void) | undefined;
}

/** The names of the sources that a policy uses. */
export function sourcesOf(policy: Policy): ReadonlySet<string> {
  return new Set([
    ...[...policy.factKinds.values()].flatMap(({ from }) =>
      from?.type === 'sql' ? [from.query.source] : [],
    ),
    ...httpUses(policy).map(([source]) => source),
  ]);
}

/** The sources that are asked by HTTP, each with what asks it. */
function httpUses({ factKinds, channels }: Policy): readonly (readonly [string, string])[] {
  return [
    ...[...factKinds.values()].flatMap(({ name, from }) =>
      from?.type === 'http' ? [[from.source, `the fact ${name}`] as const] : [],
    ),
    ...channels.channelTypes.flatMap(({ pattern, ask }) =>
      ask === undefined ? [] : [[ask.source, `the channel ${pattern.text}`] as const],
    ),
  ];
}

/** The source of the query of a kind. */
export function querySourceOf({ from }: FactKind): string {
  return from?.type === 'sql' ? from.query.source : '';
}

/** Why the query of a kind cannot be asked at this source. */
function problemOf({ name, from }: FactKind, source: ResolvedSource): string | undefined {
  if (from?.type !== 'sql') return undefined;
  if (source.kind === 'http') {
    return `the fact ${name}: the source ${source.name} is an HTTP server, and a query needs a database`;
  }
  const reading = from.query[source.kind];
  return 'problem' in reading ? reading.problem : undefined;
}

function createFind(facts: WeakMap<FactKind, FindByIds>, measure: MeasureFact): FindAtHost {
  return async (kind, ids, viewer) => {
    const dependency = dependencyOf(querySourceOf(kind));
    const find = facts.get(kind);
    if (find === undefined) {
      throw new Unavailable(dependency, { cause: new Error('the source is not open') });
    }
    const end = measure(kind.name);
    try {
      const fact = await find(ids);
      end(fact === undefined ? 'none' : 'found');
      return fact && isVisible(kind, fact, viewer) ? fact : undefined;
    } catch (error) {
      end(error instanceof Misfit ? 'unfit' : 'unavailable');
      throw asUnavailable(kind, error);
    }
  };
}

/** An answer that is neither a fact nor none is no answer. */
function asUnavailable(kind: FactKind, error: unknown): unknown {
  if (!(error instanceof Misfit)) return error;
  const cause = new Error(`fact ${kind.name}: ${error.message}`);
  return new Unavailable(dependencyOf(querySourceOf(kind)), { cause });
}
