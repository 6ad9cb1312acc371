import type { Policy } from '../../policy/policy.ts';
import type { AddCommand } from '../command.ts';
import { writeJUnit } from './junit.ts';
import { problemCase, sourcesOf, tryLoad } from './load.ts';
import { junitOption, pathsArgument, type ReportOptions } from './options.ts';

/** Loads a policy and prints its problems as FILE:LINE:COLUMN. */
export const addPolicyCheck: AddCommand = (policy, { env, report }) => {
  policy
    .command('check')
    .description('check the files of a policy, and print their problems')
    .addArgument(pathsArgument())
    .addOption(junitOption())
    .action(async (paths: readonly string[], { junit }: ReportOptions) => {
      const loaded = await tryLoad(sourcesOf(paths, env));
      const cases =
        'problems' in loaded
          ? loaded.problems.map(problemCase)
          : loaded.policy.files.map((file) => {
              return { file, name: 'the policy can be loaded', problems: [] };
            });
      if (junit !== undefined) await writeJUnit(junit, 'usher policy check', cases);
      report(
        'problems' in loaded
          ? { printed: loaded.problems.join('\n'), passed: false }
          : summarize(loaded.policy),
      );
    });
};

function summarize({ hash, channels, factKinds, routes, doors, tests }: Policy): string {
  const counts = [
    count(channels.channelTypes.length, 'channel'),
    count(factKinds.size, 'kind', 'of facts'),
    count(routes.size, 'route'),
    count(doors.size, 'door'),
    count(tests.length, 'test file'),
  ];
  return `The policy ${hash} is correct: ${counts.join(', ')}.`;
}

function count(number: number, noun: string, of = ''): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}${of === '' ? '' : ` ${of}`}`;
}
