import { parseArgs } from 'node:util';
import { withPolicy } from '../app-policy.ts';
import type { Config } from '../config/load.ts';
import type { Decision } from '../core/decision.ts';
import { principalId } from '../core/principal.ts';
import type { Question } from '../core/question.ts';
import { Secret } from '../core/secret.ts';
import { UsageError, type ReadInput } from './command.ts';
import { checksTold, printable } from './explained.ts';
import { credentialKind, readingOf } from './presented.ts';
import { remedies } from './remedies.ts';
import { tokenGiven, tokenOptions, tokenUsage } from './token-given.ts';

/** How it is called. */
export const liveUsage = `explain --channel C ${tokenUsage} [--tenant ID] [--hotel SLUG] [--socket-id N.N]
                            say whether that would be let in now, and why; nothing is put on record`;

/** Asks the live policy, with the facts in the database as they are, and tells each check. Throws `UsageError`. */
export async function explainLive(
  args: readonly string[],
  config: Config,
  readInput: ReadInput,
): Promise<string> {
  const question = await questionOf(args, readInput);
  return withPolicy(config, async (decide) => told(question, await decide(question)));
}

async function questionOf(args: readonly string[], readInput: ReadInput): Promise<Question> {
  const { channel, tenant, hotel, ...rest } = options(args);
  const token = await tokenGiven(rest, readInput);
  if (channel === undefined || token === undefined) throw new UsageError(liveUsage);
  const kind = credentialKind(token, readingOf(channel));
  return {
    channelName: channel,
    socketId: rest['socket-id'] ?? '1.1',
    credentials: [{ kind, text: new Secret(token) }],
    pinned: {
      tenantIds: tenant === undefined ? [] : [tenant],
      ...(hotel !== undefined && { hotelSlug: hotel }),
    },
    origin: { requestId: 'explain', address: '127.0.0.1' },
  };
}

function options(args: readonly string[]) {
  const option = { type: 'string' } as const;
  const names = { channel: option, tenant: option, hotel: option, ...tokenOptions };
  try {
    const parsed = parseArgs({
      args: [...args],
      strict: true,
      options: { ...names, 'socket-id': option },
    });
    return parsed.values;
  } catch {
    throw new UsageError(liveUsage);
  }
}

function told({ channelName, credentials: [shown], pinned }: Question, decision: Decision): string {
  const { principal, family, checks } = decision;
  const who =
    principal === undefined ? 'nobody known' : `${principal.kind} ${principalId(principal)}`;
  const [tenant] = pinned.tenantIds;
  const lines = [
    decision.outcome === 'grant' ? 'Would be granted' : `Would be refused: ${decision.code}`,
    `  what      subscribe ${channelName}${family === undefined ? '' : ` (${family})`}`,
    `  shown as  ${shown?.kind ?? 'nothing'}`,
    `  who       ${who}`,
    `  asked at  ${tenant === undefined ? 'no tenant: no X-Tenant-ID' : `tenant ${tenant}`}`,
    ...(decision.outcome === 'grant' ? [] : [`  remedy    ${remedies[decision.code]}`]),
    '',
    ...checksTold(checks),
  ];
  return lines.map(printable).join('\n');
}
