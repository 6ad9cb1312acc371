import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { SqlSources } from '../facts/sql-sources.ts';
import { testProblems } from '../policy-test/test-problems.ts';
import { openPolicy, type CurrentPolicy, type ReloadResult } from '../policy/current-policy.ts';
import { readPolicy } from '../policy/load-policy.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Policy } from '../policy/policy.ts';
import type { Peers } from '../workers/peers.ts';
import { doorProblems } from './commands/check-doors.ts';
import { issuerProblems } from './commands/check-issuers.ts';

/** The policy of this process, and of all workers. */
export interface ServedPolicy extends CurrentPolicy {
  /** Loads the policy again in all workers. */
  readonly reloadAll: () => Promise<ReloadResult>;
}

/** Building a policy of thousands of channels and running its tests takes seconds. */
const reloadTimeoutMs = 60_000;

interface PolicyDeps {
  /** The sources of the side that decides, and those of the shadow. */
  readonly sources: readonly Pick<SqlSources, 'prepare' | 'retain'>[];
  readonly log: Logger;
  readonly peers: Pick<Peers, 'handle' | 'callAll'>;
  readonly now: () => number;
}

/** Loads the configured policy, checks it with the settings, runs its tests and opens its sources. Throws `PolicyError`. */
export async function buildPolicy(
  config: Config,
  { log, now, sources, peers }: PolicyDeps,
): Promise<ServedPolicy> {
  const logResult = logReload(log);
  const policies: CurrentPolicy = await openPolicy({
    read: (imported) => readPolicy(config.policy, imported),
    test: async (policy) => {
      const problems = [...issuerProblems(policy, config), ...doorProblems(policy, config)];
      if (problems.length > 0) throw new PolicyError(problems);
      const failed = await testProblems(policy, now);
      if (failed.length > 0) throw new PolicyError(failed);
      for (const each of sources) each.prepare(policy);
    },
    onReload: (result) => {
      for (const each of sources) each.retain(policies.current());
      logResult(result);
      if (result.outcome === 'changed') warnOfNewPaths(policies.current());
    },
  });
  const warnOfNewPaths = newPathsWarning(policies.current(), log);
  const { hash, channels, files } = policies.current();
  log.info({ policy: hash, files, channels: channels.channelTypes.length }, 'policy loaded');
  peers.handle('reload-policy', policies.reload);
  return {
    ...policies,
    reloadAll: async () =>
      firstFailure(await peers.callAll('reload-policy', { timeoutMs: reloadTimeoutMs })),
  };
}

/** The result of all workers, which read the same files: that of one which failed, or else of one which changed. */
function firstFailure(results: readonly unknown[]): ReloadResult {
  const order = ['failed', 'changed', 'unchanged'];
  const all = results as readonly ReloadResult[];
  const [first] = all.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  if (first === undefined) throw new Unavailable('policy');
  return first;
}

/** The routes of a server are added when it starts, so a new path gets 404 until then. */
function newPathsWarning(atStart: Policy, log: Logger): (policy: Policy) => void {
  const pathsOf = ({ routes, doors }: Policy) => [...routes.keys(), ...doors.keys()];
  const served = new Set(pathsOf(atStart));
  return (policy) => {
    const paths = pathsOf(policy).filter((path) => !served.has(path));
    if (paths.length > 0) log.warn({ paths }, 'new routes and doors of the policy need a restart');
  };
}

/** Logs each new result once: the files are read every two seconds. */
function logReload(log: Logger): (result: ReloadResult) => void {
  let lastProblems = '';
  return (result) => {
    if (result.outcome === 'changed') log.info({ policy: result.hash }, 'policy reloaded');
    if (result.outcome !== 'failed') {
      // Otherwise the log would end with the problems, although an alert by the metric is over.
      if (result.outcome === 'unchanged' && lastProblems !== '')
        log.info({ policy: result.hash }, 'the files are those of the policy in use again');
      lastProblems = '';
      return;
    }
    const { hash, problems } = result;
    if (problems.join('\n') === lastProblems) return;
    lastProblems = problems.join('\n');
    log.error(
      { policy: hash, problems },
      'the changed policy has problems; the last policy stays in use',
    );
  };
}
