import type { Config } from '../../config/load.ts';
import { sourceOf, type SqlSources } from '../../facts/sql-sources.ts';
import { nameOfQueried, queriesOf, type Queried } from '../../facts/sql/policy-queries.ts';
import type { FindAtSource } from '../../facts/facts-at-sources.ts';
import { checkHttpFact, createHttpFacts, needsVisitor } from '../../facts/http-facts.ts';
import { checkAsk, pathOfAsk } from '../../application/check-ask.ts';
import type { FindHttpSource } from '../../application/application-client.ts';
import type { Ask } from '../../policy/ask.ts';
import { anyAskOf } from '../../policy/channel-type.ts';
import type { FactKind, HttpOrigin } from '../../policy/fact-kind.ts';
import { createDependencies } from '../../observability/dependencies.ts';
import { PolicyError } from '../../policy/policy-error.ts';
import type { Policy } from '../../policy/policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { buildSqlSources, buildHttpSources } from '../sources.ts';

/** The result of the check of a source, for facts of a kind, for a list of channels or for the endpoint of `ask`. */
export interface SourceCheck {
  /** Such as `fact membership`. */
  readonly name: string;
  readonly source: string;
  readonly error?: unknown;
  /** The reason why the source was not checked. */
  readonly skipped?: string;
  /** The privileges that the role of the database needs. */
  readonly grants: readonly string[];
}

/** The problems of the sources of a policy for which Usher would not start. Connects to no server. */
export async function sourceProblems(
  policy: Policy,
  config: Pick<Config, 'variable'>,
): Promise<readonly string[]> {
  const sources = buildSqlSources(config, { ...systemClock, dependencies: createDependencies() });
  try {
    sources.prepare(policy);
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  } finally {
    await sources.close();
  }
}

/**
 * Has each database prepare the queries of the policy, requests a fact of each HTTP kind with a made-up id, and sends a request about a
 * made-up channel to each endpoint of `ask`. Throws `PolicyError` if a source has no URL.
 */
export async function checkSources(
  policy: Policy,
  config: Pick<Config, 'variable'>,
): Promise<readonly SourceCheck[]> {
  const dependencies = createDependencies();
  const sources = buildSqlSources(config, { ...systemClock, dependencies });
  const http = buildHttpSources(config, { ...systemClock, dependencies, policy: () => policy });
  const find = createHttpFacts({ findSource: http.find, now: systemClock.now });
  try {
    sources.prepare(policy);
    return await Promise.all([
      ...queriesOf(policy).map(({ queried }) => checkQuery(queried, sources)),
      ...[...policy.factKinds.values()].flatMap((kind) =>
        kind.from?.type === 'http' ? [checkByHttp(kind, kind.from, find)] : [],
      ),
      ...endpointsOf(policy).map((ask) => checkEndpoint(ask, http.find)),
    ]);
  } finally {
    await sources.close();
  }
}

async function checkQuery(queried: Queried, sources: SqlSources): Promise<SourceCheck> {
  const about = {
    name: nameOfQueried(queried),
    source: sourceOf(queried),
    grants: await sources.grants(queried),
  };
  return withError(about, () => sources.check(queried));
}

async function checkByHttp(
  kind: FactKind,
  origin: HttpOrigin,
  find: FindAtSource,
): Promise<SourceCheck> {
  const about = { name: `fact ${kind.name}`, source: origin.source, grants: [] };
  if (needsVisitor(origin)) {
    return { ...about, skipped: 'the request needs headers of a visitor' };
  }
  return withError(about, () => checkHttpFact(kind, find));
}

/** One `ask` for each endpoint: many channels have the same. */
function endpointsOf({ channels }: Policy): readonly Ask[] {
  const asks = channels.channelTypes.flatMap((type) => anyAskOf(type) ?? []);
  return [...new Map(asks.map((ask) => [`${ask.source} ${pathOfAsk(ask)}`, ask])).values()];
}

function checkEndpoint(ask: Ask, findSource: FindHttpSource): Promise<SourceCheck> {
  const about = { name: `endpoint ${pathOfAsk(ask)}`, source: ask.source, grants: [] };
  return withError(about, async () => checkAsk(ask, findSource(ask.source)));
}

/** `check` may resolve to the reason why it says nothing. */
async function withError(about: SourceCheck, check: () => Promise<unknown>): Promise<SourceCheck> {
  try {
    const skipped = await check();
    return typeof skipped === 'string' ? { ...about, skipped } : about;
  } catch (error) {
    return { ...about, error };
  }
}
