import { parseArgs } from 'node:util';
import { withRecords } from '../app-records.ts';
import { loadConfig } from '../config/load.ts';
import { UsageError, type Command } from './command.ts';

const usage = `prune [--audit 90d] [--security 400d]
                            remove decisions, and security events, older than so many days`;

const day = 24 * 60 * 60 * 1000;

/** Removes what is past its retention from the audit trail. */
export const prune: Command = {
  usage,
  run: (args, env) => {
    const { audit, security } = ages(args);
    if (audit === undefined && security === undefined) throw new UsageError(usage);
    return withRecords(loadConfig(env), async ({ pruneDecisions, pruneSignals, now }) => {
      const lines: string[] = [];
      if (audit !== undefined) {
        lines.push(`rows removed from audit_log: ${await pruneDecisions(now() - audit)}`);
      }
      if (security !== undefined) {
        lines.push(`rows removed from security_events: ${await pruneSignals(now() - security)}`);
      }
      return lines.join('\n');
    });
  },
};

function ages(args: readonly string[]) {
  const option = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: { audit: option, security: option },
    });
    return { audit: age(values.audit), security: age(values.security) };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(usage);
  }
}

/** Whole days only: a slip of the unit must not remove this morning. */
function age(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, days] = /^([1-9][0-9]{0,3})d$/.exec(text) ?? [];
  if (days === undefined) throw new UsageError('An age is a number of days from 1d to 9999d');
  return Number(days) * day;
}
