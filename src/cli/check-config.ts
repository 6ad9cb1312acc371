import { loadConfig } from '../config/load.ts';
import { formatMisspelt } from '../config/misspelt.ts';
import { loadPolicy } from '../policy/load-policy.ts';
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
      await loadPolicy(config.policy);
      report('The configuration is complete.');
    });
};
