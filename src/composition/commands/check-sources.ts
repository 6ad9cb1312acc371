import type { Config } from '../../config/load.ts';
import { querySourceOf, sourcesOf, type HostSources } from '../../facts/host-sources.ts';
import { grantsFor } from '../../facts/sql/grants.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import type { FactKind } from '../../policy/fact-kind.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { buildHostSources } from '../sources.ts';
import { resolveSource } from '../../config/sources.ts';

/** The result for a kind of fact that is read by a query. */
export interface CheckedFact {
  readonly kind: string;
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
): Promise<readonly CheckedFact[]> {
  const hosts = buildHostSources(config, { ...systemClock, dependencies: createDependencies() });
  try {
    await hosts.prepare(policy);
    const kinds = [...policy.factKinds.values()].filter(({ from }) => from?.type === 'sql');
    return await Promise.all(kinds.map((kind) => checkKind(kind, hosts)));
  } finally {
    await hosts.close();
  }
}

async function checkKind(kind: FactKind, hosts: HostSources): Promise<CheckedFact> {
  const statement = hosts.statementOf(kind);
  const about = {
    ...{ kind: kind.name, source: querySourceOf(kind) },
    grants: statement === undefined ? [] : grantsFor(statement),
  };
  try {
    await hosts.check(kind);
    return about;
  } catch (error) {
    return { ...about, error };
  }
}
