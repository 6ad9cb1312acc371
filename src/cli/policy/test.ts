import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { runPolicyTests, type TestReport, type TestResult } from '../../policy-test/run-tests.ts';
import type { Uncovered } from '../../policy-test/coverage.ts';
import { isJsonObject, parseJson } from '../../runtime/json.ts';
import { systemClock } from '../../runtime/clock.ts';
import { CommandError, type AddCommand, type CommandResult, type Context } from '../command.ts';
import { withFileErrors } from '../file-error.ts';
import { countOf } from '../format.ts';
import { writeJUnit, type JUnitCase } from './junit.ts';
import { problemCase, sourcesOf, tryLoad } from './load.ts';
import { junitOption, pathsArgument, type ReportOptions } from './options.ts';

/** Runs the tests of a policy, with variations of each granted case, and reports rules that they do not cover. */
export const addPolicyTest: AddCommand = (policy, context) => {
  addTest(policy.command('test'), context);
};

/** Another name of `policy test`. */
export const addPolicyTestAlias: AddCommand = (program, context) => {
  addTest(program.command('policy-test'), context);
};

function addTest(command: Command, { env, report, progress }: Context): void {
  command
    .description(
      'run the tests of a policy (*.test.yaml); given only test files, with the policy of POLICY',
    )
    .addArgument(pathsArgument())
    .addOption(junitOption())
    .action(async (paths: readonly string[], { junit }: ReportOptions) => {
      for (const path of paths) await refuseJson(path);
      const loaded = await tryLoad(testSources(paths, env));
      if ('problems' in loaded) {
        const { problems } = loaded;
        if (junit !== undefined) await writeJUnit(junit, name, problems.map(problemCase));
        report({ printed: problems.join('\n'), passed: false });
        return;
      }
      const tested = await runPolicyTests(loaded.policy, systemClock.now, {
        onProgress: (done, total) => {
          progress.show(`${done} of ${countOf(total, 'case')}`);
        },
      });
      if (junit !== undefined) await writeJUnit(junit, name, casesOf(tested));
      report(formatReport(tested));
    });
}

const name = 'usher policy test';

/** Test files alone are tests of the policy in use. */
function testSources(paths: readonly string[], env: Context['env']): readonly string[] {
  const isTest = (path: string) => /\.test\.ya?ml$/.test(path);
  const [tests, others] = [paths.filter(isTest), paths.filter((path) => !isTest(path))];
  return [...sourcesOf(others, env), ...tests];
}

const newForm = `  principals: { ada: { kind: user, id: '15', tenant: north, roles: [] } }
  facts: { course: [{ school: north, course: math, status: open }] }
  expect:
    - { who: ada, channel: private-course.north.math, grant: true }
    - { who: ada, channel: private-course.south.math, refuse: tenant-mismatch }`;

/** Tests were JSON before policies were files. */
async function refuseJson(path: string): Promise<void> {
  if (!path.endsWith('.json')) return;
  const text = await withFileErrors(path, 'read', () => readFile(path, 'utf8'));
  const file = parseJson(text);
  if (!isJsonObject(file) || !('rows' in file)) return;
  throw new CommandError(
    `${path} has the form of tests before policies. Write it as YAML, in a file whose name ends in .test.yaml, with the kinds of facts of the policy:\n\n${newForm}\n`,
  );
}

function casesOf({ results, uncovered }: TestReport): readonly JUnitCase[] {
  return [
    ...results.map(({ file, line, title, problems }) => ({ file, line, name: title, problems })),
    {
      file: 'coverage',
      name: 'every rule refuses a case and grants one',
      problems: uncovered.map(formatUncovered),
    },
  ];
}

function formatReport({ results, uncovered }: TestReport): CommandResult {
  const files = [...new Set(results.map(({ file }) => file))];
  const lines = [
    ...(files.length === 0 ? ['✗ There are no tests: no file *.test.yaml.'] : []),
    ...files.flatMap((file) =>
      formatFile(
        file,
        results.filter((each) => each.file === file),
      ),
    ),
    ...uncovered.map((each) => `✗ ${formatUncovered(each)}`),
  ];
  const passed = uncovered.length === 0 && results.every(({ problems }) => problems.length === 0);
  return { printed: lines.join('\n'), passed: passed && files.length > 0 };
}

function formatFile(file: string, results: readonly TestResult[]): readonly string[] {
  const failed = results.filter(({ problems }) => problems.length > 0);
  const variations = results.reduce((sum, each) => sum + each.variations, 0);
  const of = results.length === 1 ? 'it' : 'them';
  const counts = `${countOf(results.length, 'case')} and ${countOf(variations, 'variation')} of ${of}`;
  if (failed.length === 0) return [`✓ ${file}: ${counts}`];
  return [
    `✗ ${file}: ${failed.length} of ${counts} failed`,
    ...failed.flatMap(({ line, title, problems }) => [
      `  ${file}:${line}: ${title}`,
      ...problems.map((problem) => `    ${problem}`),
    ]),
  ];
}

function formatUncovered({ pattern, kind, check }: Uncovered): string {
  return check === undefined
    ? `${pattern}: no case grants it to a ${kind}`
    : `${pattern}: no case of a ${kind} is refused by “${check}”`;
}
