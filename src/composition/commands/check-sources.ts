import type { Config } from '../../config/load.ts';
import { sourceOf, sourcesOf, type HostSources } from '../../facts/host-sources.ts';
import { nameOfQueried, queriesOf, type Queried } from '../../facts/sql/policy-queries.ts';
import { grantsFor } from '../../facts/sql/grants.ts';
import type { FindAtHost } from '../../facts/find-at-host.ts';
import { checkHttpFact, createHttpFacts, needsVisitor } from '../../facts/http-facts.ts';
import type { FactKind, HttpOrigin } from '../../policy/fact-kind.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { buildHttpSources } from '../http-sources.ts';
import { buildHostSources } from '../sources.ts';
import { resolveSource } from '../../config/sources.ts';

/** The result for what a source is asked for: facts of a kind, or a list of channels. */
export interface CheckedQuestion {
  /** Such as `fact membership`. */
  readonly name: string;
  readonly source: string;
  readonly error?: unknown;
  /** Why the source was not asked. */
  readonly unasked?: string;
  /** What the role of the database must be granted. */
  readonly grants: readonly string[];
}

/** The problems of the URLs of sources that a policy uses. */
export async function sourceProblems(
  policy: Policy,
  { variable }: Pick<Config, 'variable'>,
): Promise<readonly string[]> {
  const used = [...policy.sources.values()].filter(({ name }) => sourcesOf(policy).has(name));
  const found = await Promise.all(used.map((source) => resolveSource(source, variable)));
  return found.flatMap((each) => ('problem' in each ? [each.problem] : []));
}

/**
 * Has each database prepare the queries of the policy, and asks for each fact by HTTP with a made-up id. Throws `PolicyError` if a
 * source has no URL.
 */
export async function checkSources(
  policy: Policy,
  config: Pick<Config, 'variable'>,
): Promise<readonly CheckedQuestion[]> {
  const dependencies = createDependencies();
  const hosts = buildHostSources(config, { ...systemClock, dependencies });
  const http = buildHttpSources(config, { ...systemClock, dependencies, policy: () => policy });
  const find = createHttpFacts({ findSource: http.find, now: systemClock.now });
  try {
    await hosts.prepare(policy);
    return await Promise.all([
      ...queriesOf(policy).map(({ queried }) => checkQuery(queried, hosts)),
      ...[...policy.factKinds.values()].flatMap((kind) =>
        kind.from?.type === 'http' ? [checkByHttp(kind, kind.from, find)] : [],
      ),
    ]);
  } finally {
    await hosts.close();
  }
}

function checkQuery(queried: Queried, hosts: HostSources): Promise<CheckedQuestion> {
  const statement = hosts.statementOf(queried);
  const about = {
    ...{ name: nameOfQueried(queried), source: sourceOf(queried) },
    grants: statement === undefined ? [] : grantsFor(statement),
  };
  return withError(about, () => hosts.check(queried));
}

async function checkByHttp(
  kind: FactKind,
  origin: HttpOrigin,
  find: FindAtHost,
): Promise<CheckedQuestion> {
  const about = { name: `fact ${kind.name}`, source: origin.source, grants: [] };
  if (needsVisitor(origin)) {
    return { ...about, unasked: 'the application needs headers of a visitor to answer' };
  }
  return withError(about, () => checkHttpFact(kind, find));
}

async function withError(
  about: CheckedQuestion,
  check: () => Promise<void>,
): Promise<CheckedQuestion> {
  try {
    await check();
    return about;
  } catch (error) {
    return { ...about, error };
  }
}
