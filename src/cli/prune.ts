import { withRecords } from '../composition/commands/open-database.ts';
import { loadConfig } from '../config/load.ts';
import { UsageError, type AddCommand } from './command.ts';
import { parseNumber } from './options.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** In days. With smaller units a typing error could remove the rows of today. */
const parseDays = parseNumber(/^([1-9][0-9]{0,3})d$/, 'Give a number of days from 1d to 9999d.');

interface Ages {
  readonly audit?: number;
  readonly security?: number;
}

export const addPrune: AddCommand = (program, { env, report }) => {
  program
    .command('prune')
    .description('remove old decisions and security events from the database')
    .option('--audit <age>', 'remove decisions older than this, such as 90d', parseDays)
    .option('--security <age>', 'remove security events older than this, such as 400d', parseDays)
    .action(async (ages: Ages) => {
      if (ages.audit === undefined && ages.security === undefined) {
        throw new UsageError('give --audit, --security or both');
      }
      report(await prune(ages, env));
    });
};

function prune({ audit, security }: Ages, env: Parameters<AddCommand>[1]['env']): Promise<string> {
  return withRecords(loadConfig(env()), async ({ pruneDecisions, pruneSignals, now }) => {
    const lines: string[] = [];
    if (audit !== undefined) {
      lines.push(`rows removed from audit_log: ${await pruneDecisions(now() - audit * dayMs)}`);
    }
    if (security !== undefined) {
      lines.push(
        `rows removed from security_events: ${await pruneSignals(now() - security * dayMs)}`,
      );
    }
    return lines.join('\n');
  });
}
