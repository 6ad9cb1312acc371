import { anyAskOf, type SqlList } from '../policy/channel-type.ts';
import type { FactKind } from '../policy/fact-kind.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Policy, SourcePolicy } from '../policy/policy.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { asUnavailable, dependencyOf } from './source-errors.ts';
import { isVisible, type FindAtSource } from './facts-at-sources.ts';
import { grantsFor, storedFunctions } from './sql/grants.ts';
import {
  createOpenDatabases,
  type OpenDatabase,
  type OpenDatabasesDeps,
  type ResolvedSource,
} from './sql/open-databases.ts';
import {
  isListQuery,
  nameOfQueried,
  queriesOf,
  type PolicyQuery,
  type Queried,
} from './sql/policy-queries.ts';
import { checkSqlFact, createSqlFact, type FindByIds } from './sql/sql-facts.ts';
import { checkSqlList, createSqlList, type ListAtSource } from './sql/sql-list.ts';

interface SqlSourcesDeps extends OpenDatabasesDeps {
  /** Reads the URL of a source, or returns the reason why it cannot be used. */
  readonly resolve: (source: SourcePolicy) => ResolvedSource | { readonly problem: string };
}

/** The databases of the policy in use, and the facts and lists in them. */
export interface SqlSources {
  /** Opens the sources of a policy that are not open. Throws `PolicyError`. */
  readonly prepare: (policy: Policy) => void;
  /** Closes the sources that this policy does not use, when its decisions and those of the last policy are over. */
  readonly retain: (policy: Policy) => void;
  readonly find: FindAtSource;
  readonly list: ListAtSource;
  /** Checks that the source can execute the query, and the columns and types of the result. Throws `Unavailable`. */
  readonly check: (queried: Queried) => Promise<void>;
  /** The GRANTs that the role of the source needs for the query, as far as the source can name them. */
  readonly grants: (queried: Queried) => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

/** Creates the sources. They are opened when a policy is prepared. */
export function createSqlSources(deps: SqlSourcesDeps): SqlSources {
  const databases = createOpenDatabases(deps);
  const facts = new WeakMap<FactKind, FindByIds>();
  const lists = new WeakMap<SqlList, ReturnType<typeof createSqlList>>();
  const grants = new WeakMap<Queried, () => Promise<readonly string[]>>();
  const checks = new WeakMap<Queried, () => Promise<void>>();
  const used = new WeakMap<Policy, ReadonlySet<string>>();

  const bind = ({ queried, query }: PolicyQuery, { kind, database }: OpenDatabase): void => {
    const statement = query[kind];
    if ('problem' in statement) return;
    const { execute } = database;
    grants.set(queried, () =>
      storedFunctions(statement, execute).then(
        (stored) => grantsFor(statement, stored),
        () => grantsFor(statement),
      ),
    );
    if (isListQuery(queried)) {
      lists.set(queried, createSqlList(queried, statement, { execute }));
      checks.set(queried, () => checkSqlList(queried, statement, { execute }));
    } else {
      facts.set(queried, createSqlFact(queried, statement, { execute, now: deps.now }));
      checks.set(queried, () => checkSqlFact(queried, statement, { execute }));
    }
  };

  const prepare = (policy: Policy): void => {
    const { resolved, problems } = resolveAll(policy, deps.resolve);
    if (problems.length > 0) throw new PolicyError(problems);
    const keys = new Set<string>();
    const misused: string[] = [...httpProblems(policy, resolved)];
    for (const each of queriesOf(policy)) {
      const source = resolved.get(each.query.source);
      if (source === undefined) continue;
      const problem = problemOf(each, source);
      if (problem !== undefined) misused.push(problem);
      const opened = databases.open(source);
      if (opened === undefined || problem !== undefined) continue;
      keys.add(opened.key);
      bind(each, opened);
    }
    used.set(policy, keys);
    if (misused.length > 0) throw new PolicyError(misused);
  };

  return {
    prepare,
    retain: (policy) => {
      databases.retain(used.get(policy) ?? new Set());
    },
    find: async (kind, ids, viewer) => {
      const fact = await use(kind, facts.get(kind), (find) => find(ids));
      return fact && isVisible(kind, fact, viewer) ? fact : undefined;
    },
    list: (list, values, after) => use(list, lists.get(list), (read) => read(values, after)),
    check: (queried) => use(queried, checks.get(queried), (check) => check()),
    grants: async (queried) => (await grants.get(queried)?.()) ?? [],
    close: databases.close,
  };
}

/** Executes an opened query. Throws `Unavailable` with the name of the query. */
async function use<Opened, Result>(
  queried: Queried,
  opened: Opened | undefined,
  execute: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const source = sourceOf(queried);
  if (opened === undefined) {
    const cause = new Error('the source is not open');
    throw new Unavailable(dependencyOf(source), { cause });
  }
  try {
    return await execute(opened);
  } catch (error) {
    throw asUnavailable(error, source, nameOfQueried(queried));
  }
}

function resolveAll(policy: Policy, resolve: SqlSourcesDeps['resolve']) {
  const names = sourcesOf(policy);
  const problems: string[] = [];
  const resolved = new Map<string, ResolvedSource>();
  for (const source of policy.sources.values()) {
    if (!names.has(source.name)) continue;
    const found = resolve(source);
    if ('problem' in found) problems.push(found.problem);
    else resolved.set(source.name, found);
  }
  return { resolved, problems };
}

/** The names of the sources that a policy uses. */
function sourcesOf(policy: Policy): ReadonlySet<string> {
  return new Set([
    ...queriesOf(policy).map(({ query }) => query.source),
    ...httpUses(policy).map(([source]) => source),
  ]);
}

/** The HTTP sources, each with its use. */
function httpUses({ factKinds, channels }: Policy): readonly (readonly [string, string])[] {
  return [
    ...[...factKinds.values()].flatMap(({ name, from }) =>
      from?.type === 'http' ? [[from.source, `the fact ${name}`] as const] : [],
    ),
    ...channels.channelTypes.flatMap((type) => {
      const ask = anyAskOf(type);
      return ask === undefined ? [] : [[ask.source, `the channel ${type.pattern.text}`] as const];
    }),
  ];
}

function httpProblems(
  policy: Policy,
  resolved: ReadonlyMap<string, ResolvedSource>,
): readonly string[] {
  return httpUses(policy)
    .filter(([name]) => resolved.has(name) && resolved.get(name)?.kind !== 'http')
    .map(([name, use]) => `${use}: the source ${name} is a database, and an HTTP server is needed`);
}

/** The reason why a query cannot run at this source. */
function problemOf({ queried, query }: PolicyQuery, source: ResolvedSource): string | undefined {
  if (source.kind === 'http') {
    return `the ${nameOfQueried(queried)}: the source ${source.name} is an HTTP server, and a query needs a database`;
  }
  const reading = query[source.kind];
  return 'problem' in reading ? reading.problem : undefined;
}

/** The source of the query of a kind or of a list. */
export function sourceOf(queried: Queried): string {
  if (isListQuery(queried)) return queried.query.source;
  return queried.from?.type === 'sql' ? queried.from.query.source : '';
}
