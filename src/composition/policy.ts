import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { HostSources } from '../facts/host-sources.ts';
import { runPolicyTests } from '../policy-test/run-tests.ts';
import { openPolicy, type CurrentPolicy, type ReloadResult } from '../policy/current-policy.ts';
import { readPolicy } from '../policy/load-policy.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Policy } from '../policy/policy.ts';
import { issuerProblems } from './commands/check-issuers.ts';

interface PolicyDeps {
  readonly hosts: Pick<HostSources, 'prepare' | 'retain'>;
  readonly log: Logger;
  readonly now: () => number;
}

/** Loads the configured policy, checks it with the settings, runs its tests and opens its sources. Throws `PolicyError`. */
export async function buildPolicy(
  config: Config,
  { log, now, hosts }: PolicyDeps,
): Promise<CurrentPolicy> {
  const logResult = logReload(log);
  const policies: CurrentPolicy = await openPolicy({
    read: (imported) => readPolicy(config.policy, imported),
    test: async (policy) => {
      const problems = await issuerProblems(policy, config);
      if (problems.length > 0) throw new PolicyError(problems);
      await testPolicy(policy, now);
      await hosts.prepare(policy);
    },
    onReload: (result) => {
      hosts.retain(policies.current());
      logResult(result);
    },
  });
  const { hash, channels, files } = policies.current();
  log.info({ policy: hash, files, channels: channels.channelTypes.length }, 'policy loaded');
  return policies;
}

async function testPolicy(policy: Policy, now: () => number): Promise<void> {
  const { results } = await runPolicyTests(policy, now);
  const problems = results.flatMap(({ file, line, title, problems: found }) =>
    found.map((problem) => `${file}:${line}: ${title}: ${problem}`),
  );
  if (problems.length > 0) throw new PolicyError(problems);
}

/** Logs each new result once: the files are read every two seconds. */
function logReload(log: Logger): (result: ReloadResult) => void {
  let lastProblems = '';
  return (result) => {
    if (result.outcome === 'changed') log.info({ policy: result.hash }, 'policy reloaded');
    if (result.outcome !== 'failed') {
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
