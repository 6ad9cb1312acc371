import { sourceProblems } from '../composition/commands/check-sources.ts';
import { issuerProblems } from '../composition/commands/check-issuers.ts';
import { loadConfig } from '../config/load.ts';
import type { SecretSource } from '../config/secret-files.ts';
import { formatMisspelt } from '../config/misspelt.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { AddCommand } from './command.ts';

export const addCheckConfig: AddCommand = (program, { env, report, output }) => {
  program
    .command('check-config')
    .description(
      'check the configuration and the policy, and report their errors, without connecting to a server',
    )
    .action(async () => {
      const config = loadConfig(env());
      for (const each of config.misspelt) output.writeErr(`${formatMisspelt(each)}\n`);
      const policy = await loadPolicy(config.policy);
      const problems = [
        ...(await issuerProblems(policy, config)),
        ...(await sourceProblems(policy, config)),
      ];
      if (problems.length > 0) throw new PolicyError(problems);
      // Without files there is nothing to tell: the environment has them all.
      const secrets = config.secretFiles === undefined ? [] : config.secrets;
      report(['The configuration is complete.', ...secrets.map(formatSource)].join('\n'));
    });
};

/** Where a secret comes from; never its value. */
function formatSource({ setting, source, path }: SecretSource): string {
  return `  ${setting}: ${path === undefined ? sources[source] : `file ${path}`}`;
}

const sources = {
  environment: 'environment',
  file: 'file',
  default: 'public default of development',
} as const;
