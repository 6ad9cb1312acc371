import { withRecords, type Records } from '../composition/commands/open-database.ts';
import { loadConfig } from '../config/load.ts';
import { UsageError, type AddCommand, type Context } from './command.ts';
import { parseNumber } from './options.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** In days. With smaller units a typing error could remove the rows of today. */
const parseDays = parseNumber(/^([1-9][0-9]{0,3})d$/, 'Give a number of days from 1d to 9999d.');

interface Ages {
  readonly audit?: number;
  readonly security?: number;
}

export const addPrune: AddCommand = (program, context) => {
  program
    .command('prune')
    .description('remove old decisions and security events from the database')
    .option('--audit <age>', 'remove decisions older than this, such as 90d', parseDays)
    .option('--security <age>', 'remove security events older than this, such as 400d', parseDays)
    .action(async (ages: Ages) => {
      if (ages.audit === undefined && ages.security === undefined) {
        throw new UsageError('give --audit, --security or both');
      }
      context.report(await prune(ages, context));
    });
};

function prune(
  { audit, security }: Ages,
  { env, progress }: Pick<Context, 'env' | 'progress'>,
): Promise<string> {
  return withRecords(loadConfig(env()), async ({ pruneDecisions, pruneSecurityEvents, now }) => {
    const run = async (
      table: string,
      remove: Records['pruneSecurityEvents'],
      days: number | undefined,
    ) => {
      if (days === undefined) return [];
      const count = await remove({
        before: now() - days * dayMs,
        onProgress: (deleted) => {
          progress.show(`${deleted} rows of ${table}`);
        },
      });
      return [`rows removed from ${table}: ${count}`];
    };
    const lines = [
      ...(await run('audit_log', pruneDecisions, audit)),
      ...(await run('security_events', pruneSecurityEvents, security)),
    ];
    return lines.join('\n');
  });
}
