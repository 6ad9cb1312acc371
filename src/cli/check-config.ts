import { sourceProblems } from '../composition/commands/check-sources.ts';
import { issuerProblems } from '../composition/commands/check-issuers.ts';
import { loadConfig } from '../config/load.ts';
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
      report('The configuration is complete.');
    });
};
