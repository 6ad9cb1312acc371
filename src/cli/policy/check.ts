import type { Policy } from '../../policy/policy.ts';
import type { AddCommand } from '../command.ts';
import { countOf } from '../format.ts';
import { writeJUnit } from './junit.ts';
import { problemCase, sourcesOf, tryLoad } from './load.ts';
import { checkOnline, notChecked, onlineOption } from './online.ts';
import { junitOption, pathsArgument, type ReportOptions } from './options.ts';

/** Loads a policy and prints its problems as FILE:LINE:COLUMN. */
export const addPolicyCheck: AddCommand = (policy, { env, report }) => {
  policy
    .command('check')
    .description('check the files of a policy, and print their problems')
    .addArgument(pathsArgument())
    .addOption(junitOption())
    .addOption(onlineOption())
    .action(async (paths: readonly string[], { junit, online }: CheckOptions) => {
      const loaded = await tryLoad(sourcesOf(paths, env));
      const cases =
        'problems' in loaded
          ? loaded.problems.map(problemCase)
          : loaded.policy.files.map((file) => {
              return { file, name: 'the policy can be loaded', problems: [] };
            });
      if (junit !== undefined) await writeJUnit(junit, 'usher policy check', cases);
      if ('problems' in loaded) {
        report({ printed: loaded.problems.join('\n'), passed: false });
      } else {
        const checked = online === true ? await checkOnline(loaded.policy, env()) : notChecked;
        report({
          printed: [summarize(loaded.policy), ...checked.lines].join('\n'),
          passed: checked.passed,
        });
      }
    });
};

interface CheckOptions extends ReportOptions {
  readonly online?: boolean;
}

function summarize({ hash, channels, factKinds, routes, doors, tests }: Policy): string {
  const counts = [
    countOf(channels.channelTypes.length, 'channel'),
    `${countOf(factKinds.size, 'kind')} of facts`,
    countOf(routes.size, 'route'),
    countOf(doors.size, 'door'),
    countOf(tests.length, 'test file'),
  ];
  return `The policy ${hash} is correct: ${counts.join(', ')}.`;
}
