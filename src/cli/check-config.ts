import { sourceProblems } from '../composition/commands/check-sources.ts';
import { doorProblems } from '../composition/commands/check-doors.ts';
import { issuerProblems } from '../composition/commands/check-issuers.ts';
import { loadConfig } from '../config/load.ts';
import { problemsOfDemo } from '../facts/demo-facts.ts';
import type { SecretSource } from '../config/secret-files.ts';
import { formatMisspelt } from '../config/misspelt.ts';
import { findWithoutEffect, formatWithoutEffect } from '../config/without-effect.ts';
import { testProblems } from '../policy-test/test-problems.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import { PolicyError } from '../policy/policy-error.ts';
import { systemClock } from '../runtime/clock.ts';
import type { AddCommand } from './command.ts';
import { checkOnline, notChecked, onlineOption } from './policy/online.ts';

export const addCheckConfig: AddCommand = (program, { env, report, output }) => {
  program
    .command('check-config')
    .description(
      'check the configuration and the policy, and report their errors; without --online it connects to no server',
    )
    .addOption(onlineOption())
    .action(async ({ online }: { readonly online?: boolean }) => {
      const config = loadConfig(env());
      for (const each of config.misspelt) output.writeErr(`${formatMisspelt(each)}\n`);
      const policy = await loadPolicy(config.policy);
      for (const each of findWithoutEffect(config, policy)) {
        output.writeErr(`${formatWithoutEffect(each)}\n`);
      }
      const problems = [
        ...issuerProblems(policy, config),
        ...doorProblems(policy, config),
        ...(await sourceProblems(policy, config)),
        ...(await testProblems(policy, systemClock.now)),
        // The demo is stored in development only.
        ...(config.production ? [] : problemsOfDemo(policy.demo)),
      ];
      if (problems.length > 0) throw new PolicyError(problems);
      // Without files there is nothing to print: all settings are in the environment.
      const secrets = config.secretFiles === undefined ? [] : config.secrets;
      const checked = online === true ? await checkOnline(policy, env()) : notChecked;
      report({
        printed: [
          'The configuration is complete.',
          ...secrets.map(formatSource),
          ...checked.lines,
        ].join('\n'),
        passed: checked.passed,
      });
    });
};

/** The source of a secret; never its value. */
function formatSource({ setting, source, path }: SecretSource): string {
  return `  ${setting}: ${path === undefined ? sources[source] : `file ${path}`}`;
}

const sources = {
  environment: 'environment',
  file: 'file',
  default: 'public default of development',
} as const;
