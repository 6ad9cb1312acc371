import { checkSources, type CheckedQuestion } from '../../composition/commands/check-sources.ts';
import type { Environment } from '../../config/read.ts';
import { PolicyError } from '../../policy/policy-error.ts';
import { reasonOf } from '../network-errors.ts';
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
    .option(
      '--online',
      'also ask each source: prepare its queries, print the GRANTs it needs, and request each fact by HTTP',
    )
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
        const checked = online === true ? await checkOnline(loaded.policy, env()) : nothingOnline;
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

interface OnlineResult {
  readonly lines: readonly string[];
  readonly passed: boolean;
}

const nothingOnline: OnlineResult = { lines: [], passed: true };

async function checkOnline(policy: Policy, env: Environment): Promise<OnlineResult> {
  try {
    const checked = await checkSources(policy, { variable: (name) => env[name] });
    const grants = new Set(checked.flatMap((each) => each.grants));
    return {
      lines: [
        ...checked.map(formatChecked),
        ...(grants.size === 0 ? [] : ['Its role needs:', ...grants]),
      ],
      passed: checked.every(({ error }) => error === undefined),
    };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { lines: error.problems, passed: false };
  }
}

function formatChecked({ name, source, error, unasked }: CheckedQuestion): string {
  if (unasked !== undefined)
    return `– the source ${source} was not asked for the ${name}: ${unasked}`;
  return error === undefined
    ? `✓ the source ${source} answers for the ${name}`
    : `✗ the source ${source} cannot answer for the ${name}: ${reasonOf(error)}`;
}

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
