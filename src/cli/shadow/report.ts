import { InvalidArgumentError } from 'commander';
import type { ShadowFamily } from '../../audit/shadow-report.ts';
import { withRecords } from '../../composition/commands/open-database.ts';
import { loadConfig } from '../../config/load.ts';
import { parseDatetime } from '../../runtime/datetime.ts';
import type { AddCommand, CommandResult, Context } from '../command.ts';
import { countOf, printable } from '../format.ts';
import { parseNumber } from '../options.ts';
import { judgeSwitchOver, type SwitchOver } from './switch-over.ts';

interface ReportOptions {
  readonly from?: number;
  readonly atLeast: number;
  readonly json?: true;
}

const parseCount = parseNumber(/^([1-9][0-9]{0,8})$/, 'Give a number from 1.');

function parseTime(text: string): number {
  const time = parseDatetime(text);
  if (time === undefined) {
    throw new InvalidArgumentError('Give a time with its zone such as 2025-12-31T11:00:00Z.');
  }
  return time;
}

/** Prints how often the shadows agreed, and whether each may decide. */
export const addShadowReport: AddCommand = (shadow, context) => {
  shadow
    .command('report')
    .description(
      'show for each family how often its shadow agreed; exit code 1 if one is not safe to switch over',
    )
    .option('--from <time>', 'count decisions from this time, such as the last change', parseTime)
    .option(
      '--at-least <count>',
      'the number of agreements that a safe family needs',
      parseCount,
      100,
    )
    .option('--json', 'as JSON')
    .action(async (options: ReportOptions) => {
      context.report(await shadowReport(options, context));
    });
};

interface JudgedFamily extends ShadowFamily {
  readonly switchOver: SwitchOver;
}

function shadowReport(
  { from, atLeast, json }: ReportOptions,
  { env, output }: Context,
): Promise<CommandResult> {
  return withRecords(loadConfig(env()), async ({ readShadowReport }) => {
    const progress = createProgress(output.writeErr);
    const families = await readShadowReport({ from, onProgress: progress.show });
    progress.clear();
    const judged = families.map((each) => ({
      ...each,
      switchOver: judgeSwitchOver(each, atLeast),
    }));
    return {
      printed: json ? JSON.stringify({ families: judged }, null, 2) : format(judged),
      passed: judged.length > 0 && judged.every(({ switchOver }) => switchOver.isSafe),
    };
  });
}

/** Progress on a terminal, in one line that is removed at the end. */
function createProgress(write: (text: string) => void) {
  const isTerminal = process.stderr.isTTY;
  return {
    show: (count: number): void => {
      if (isTerminal) write(`\r${count} decisions read`);
    },
    clear: (): void => {
      if (isTerminal) write('\r\u001b[K');
    },
  };
}

/** Checks with `shadow` are compared with the application, or with other checks of a channel without `ask`. */
const shadowOf: Readonly<Record<ShadowFamily['side'], string>> = {
  rules: 'the checks with `shadow` are compared',
  application: 'the rules decide, the application is compared',
};

function format(families: readonly JudgedFamily[]): string {
  if (families.length === 0) return 'No decision was compared.';
  return families.map(formatFamily).join('\n\n');
}

function formatFamily({
  family,
  side,
  agreed,
  disagreed,
  disagreements,
  noVerdict,
  policies,
  switchOver: { isSafe, because },
}: JudgedFamily): string {
  const shown = disagreements.length;
  return [
    `${family}: ${shadowOf[side]}`,
    `  agreements    ${agreed.grants + agreed.refusals} (${countOf(agreed.grants, 'grant')}, ${countOf(agreed.refusals, 'refusal')})`,
    `  disagreements ${disagreed}${shown < disagreed ? `; the newest ${shown}:` : ''}`,
    ...disagreements.map((id) => `    ${id}`),
    `  no verdict    ${noVerdict}`,
    ...formatPolicies(policies),
    `  safe to switch over: ${isSafe ? 'yes' : 'no'}, because ${because}`,
  ]
    .map(printable)
    .join('\n');
}

/** Comparisons of an earlier policy say nothing about a rule that has changed since. */
function formatPolicies(policies: ShadowFamily['policies']): readonly string[] {
  const newest = policies.at(-1);
  if (newest === undefined || policies.length === 1) return [];
  const from = new Date(newest.from).toISOString();
  return [`  policies      ${policies.length}; only the newest: --from ${from}`];
}
