import { InvalidArgumentError } from 'commander';
import { withRecords } from '../composition/commands/open-database.ts';
import { loadConfig } from '../config/load.ts';
import { UsageError } from './command-error.ts';
import type { AddCommand } from './context.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Ages in milliseconds. */
interface Ages {
  readonly audit?: number;
  readonly security?: number;
}

/** Removes what is past its retention from the audit trail. */
export const addPrune: AddCommand = (program, { env, report }) => {
  program
    .command('prune')
    .description('remove old decisions and security events from the database')
    .option('--audit <age>', 'remove decisions older than this, such as 90d', age)
    .option('--security <age>', 'remove security events older than this, such as 400d', age)
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
      lines.push(`rows removed from audit_log: ${await pruneDecisions(now() - audit)}`);
    }
    if (security !== undefined) {
      lines.push(`rows removed from security_events: ${await pruneSignals(now() - security)}`);
    }
    return lines.join('\n');
  });
}

/** Whole days only: a slip of the unit must not remove this morning. */
function age(text: string): number {
  const [, days] = /^([1-9][0-9]{0,3})d$/.exec(text) ?? [];
  if (days === undefined) throw new InvalidArgumentError('Give a number of days from 1d to 9999d.');
  return Number(days) * dayMs;
}
