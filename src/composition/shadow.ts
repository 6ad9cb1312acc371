import type { Logger } from 'pino';
import { createGroupCommit } from '../audit/queue.ts';
import type { RecordedShadowVerdict } from '../audit/shadow-verdict.ts';
import { writeShadowVerdicts } from '../audit/shadow-writer.ts';
import type { EvaluateDeps } from '../authorize/evaluate.ts';
import { createWatchDecision, watchLimits } from '../authorize/shadow/watch-decisions.ts';
import type { WatchDecision } from '../authorize/shadow/watch-decisions.ts';
import type { Config } from '../config/load.ts';
import { buildFacts } from '../facts/build-facts.ts';
import { createFactsAtSources } from '../facts/facts-at-sources.ts';
import { createHttpFacts } from '../facts/http-facts.ts';
import type { SqlSources } from '../facts/sql-sources.ts';
import { askApplication } from '../application/ask-application.ts';
import { createDependencies } from '../observability/dependencies.ts';
import type { CountShadow } from '../observability/metrics/shadow-metrics.ts';
import { createOutageLog, reasonOf } from '../observability/outage-log.ts';
import type { Policy } from '../policy/policy.ts';
import { withoutPermit } from '../runtime/permits.ts';
import type { Clock } from '../runtime/timer.ts';
import { buildSqlSources, buildHttpSources } from './sources.ts';
import type { Storage } from './storage.ts';

/** Rows per statement, and the rows that wait for one. */
const writeLimits = { maxBatch: 256, maxQueued: 2_000 };

interface ShadowDeps extends Clock, Pick<EvaluateDeps, 'encrypts' | 'caches' | 'userIdOf'> {
  readonly policy: () => Policy;
  readonly storage: Pick<Storage, 'watching'>;
  /** The databases of the policy, over connections that only shadows use. */
  readonly shadowSources: Pick<SqlSources, 'find' | 'list'>;
  readonly log: Logger;
  readonly count: CountShadow;
}

/** Creates the sources for shadows. Their outages do not count as outages of Usher, because no response depends on them. */
export function buildShadowSources(config: Config, clock: Clock): SqlSources {
  return buildSqlSources(config, { ...clock, dependencies: createDependencies() });
}

/**
 * Builds shadow mode. It shares no connection, queue or cache with decisions, so it can neither delay nor break one. `close`
 * resolves when the comparisons that were made are stored.
 */
export function buildShadow(
  config: Config,
  { storage, shadowSources, log, ...deps }: ShadowDeps,
): { readonly watch: WatchDecision; readonly close: () => Promise<void> } {
  const { startTimer, now, policy } = deps;
  const dependencies = createDependencies();
  const http = buildHttpSources(config, { startTimer, dependencies, policy, limits: watchLimits });
  const findByHttp = createHttpFacts({ findSource: http.find, now });
  const factsAtSources = createFactsAtSources(shadowSources, findByHttp);
  const writes = createGroupCommit({
    write: (verdicts: readonly RecordedShadowVerdict[]) =>
      writeShadowVerdicts(storage.watching, verdicts),
    limits: writeLimits,
  });
  const outages = createOutageLog({ log, messages });
  const watch = createWatchDecision({
    ...deps,
    find: buildFacts(storage.watching, factsAtSources).find,
    ask: (request) => askApplication(request, http.find),
    withLentPermit: withoutPermit,
    record: writes.append,
    logFailure: (family, error) => {
      outages.failed(family, { reason: reasonOf(error) });
    },
    logSuccess: outages.succeeded,
  });
  return { watch, close: writes.idle };
}

const messages = {
  failed: 'shadow mode: the shadow has no verdict, or its verdict could not be stored',
  succeeded: 'shadow mode: comparing again',
};
