import type { Config } from '../../config/load.ts';
import { sourceOf, sourcesOf, type HostSources } from '../../facts/host-sources.ts';
import { nameOfQueried, queriesOf, type Queried } from '../../facts/sql/policy-queries.ts';
import { grantsFor } from '../../facts/sql/grants.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { buildHostSources } from '../sources.ts';
import { resolveSource } from '../../config/sources.ts';

/** The result for what a query finds: facts of a kind, or a list of channels. */
export interface CheckedQuery {
  /** Such as `fact membership`. */
  readonly name: string;
  readonly source: string;
  readonly error?: unknown;
  /** What the role of the source must be granted. */
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

/** Has each source prepare the queries of the policy. Throws `PolicyError` if a source has no URL. */
export async function checkSources(
  policy: Policy,
  config: Pick<Config, 'variable'>,
): Promise<readonly CheckedQuery[]> {
  const hosts = buildHostSources(config, { ...systemClock, dependencies: createDependencies() });
  try {
    await hosts.prepare(policy);
    const queries = queriesOf(policy);
    return await Promise.all(queries.map(({ queried }) => checkQuery(queried, hosts)));
  } finally {
    await hosts.close();
  }
}

async function checkQuery(queried: Queried, hosts: HostSources): Promise<CheckedQuery> {
  const statement = hosts.statementOf(queried);
  const about = {
    ...{ name: nameOfQueried(queried), source: sourceOf(queried) },
    grants: statement === undefined ? [] : grantsFor(statement),
  };
  try {
    await hosts.check(queried);
    return about;
  } catch (error) {
    return { ...about, error };
  }
}
