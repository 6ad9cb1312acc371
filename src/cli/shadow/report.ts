import { InvalidArgumentError } from 'commander';
import type { ShadowFamily } from '../../audit/shadow-report.ts';
import { withRecords } from '../../composition/commands/open-database.ts';
import { loadConfig } from '../../config/load.ts';
import { parseDatetime } from '../../runtime/datetime.ts';
import type { AddCommand, CommandResult, Context } from '../command.ts';
import { printable } from '../format-checks.ts';
import { parseNumber } from '../options.ts';
import { judgeTurnAround, type TurnAround } from './turn-around.ts';

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

/** Prints what the sides that watch said, and whether each may answer. */
export const addShadowReport: AddCommand = (shadow, context) => {
  shadow
    .command('report')
    .description(
      'show per family how often the side that watches agreed; exit code 1 if one is not safe to turn around',
    )
    .option('--from <time>', 'count decisions from this time, such as the last change', parseTime)
    .option('--at-least <count>', 'agreements without which a family is not safe', parseCount, 100)
    .option('--json', 'as JSON')
    .action(async (options: ReportOptions) => {
      context.report(await shadowReport(options, context));
    });
};

interface JudgedFamily extends ShadowFamily {
  readonly turnAround: TurnAround;
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
      turnAround: judgeTurnAround(each, atLeast),
    }));
    return {
      printed: json ? JSON.stringify({ families: judged }, null, 2) : format(judged),
      passed: judged.length > 0 && judged.every(({ turnAround }) => turnAround.isSafe),
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

const answering: Readonly<Record<ShadowFamily['side'], string>> = {
  rules: 'the application answers, the rules watch',
  application: 'the rules answer, the application watches',
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
  turnAround: { isSafe, because },
}: JudgedFamily): string {
  const shown = disagreements.length;
  return [
    `${family}: ${answering[side]}`,
    `  agreements    ${agreed.grants + agreed.refusals} (${agreed.grants} grants, ${agreed.refusals} refusals)`,
    `  disagreements ${disagreed}${shown < disagreed ? `; the newest ${shown}:` : ''}`,
    ...disagreements.map((id) => `    ${id}`),
    `  no verdict    ${noVerdict}`,
    `  safe to turn around: ${isSafe ? 'yes' : 'no'}, because ${because}`,
  ]
    .map(printable)
    .join('\n');
}
