import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import { withPolicy } from '../composition/commands/live-policy.ts';
import type { Config } from '../config/load.ts';
import type { Decision } from '../policy/decision.ts';
import { Secret } from '../runtime/secret.ts';
import { UsageError, type CommandResult, type ReadInput } from './command.ts';
import { formatChecks, printable } from './format-checks.ts';
import { credentialKind, matchOf } from './match-channel.ts';
import { remedies } from './remedies.ts';
import { readToken, type TokenOptions } from './options.ts';

export interface LiveOptions extends TokenOptions {
  readonly channel?: string;
  readonly tenant?: string;
  readonly hotel?: string;
  readonly socketId?: string;
}

/** Evaluates a request now, with the facts in the database, and formats each check. Throws `UsageError`. */
export async function explainLive(
  options: LiveOptions,
  loadConfig: () => Config,
  readInput: ReadInput,
): Promise<CommandResult> {
  const request = await authRequest(options, readInput);
  return withPolicy(loadConfig(), async (decide) => {
    const decision = await decide(request);
    return { printed: formatDecision(request, decision), passed: decision.outcome === 'grant' };
  });
}

async function authRequest(
  options: LiveOptions,
  readInput: ReadInput,
): Promise<ChannelAuthRequest> {
  const { channel, tenant, hotel, socketId = '1.1' } = options;
  const token = await readToken(options, readInput);
  if (channel === undefined) throw new UsageError('--channel is missing');
  if (token === undefined) throw new UsageError('--token-stdin or --token is missing');
  const kind = credentialKind(token, matchOf(channel));
  return {
    channelName: channel,
    socketId,
    credentials: [{ kind, text: new Secret(token) }],
    constraints: {
      tenantIds: tenant === undefined ? [] : [tenant],
      ...(hotel !== undefined && { hotelSlug: hotel }),
    },
    origin: { requestId: 'explain', address: '127.0.0.1' },
  };
}

function formatDecision(
  { channelName, credentials: [credential], constraints }: ChannelAuthRequest,
  decision: Decision,
): string {
  const { principal, family, checks } = decision;
  const who = principal === undefined ? 'unknown' : `${principal.kind} ${principal.id}`;
  const [tenant] = constraints.tenantIds;
  const lines = [
    decision.outcome === 'grant' ? 'Would be granted' : `Would be refused: ${decision.code}`,
    `  action      subscribe ${channelName}${family === undefined ? '' : ` (${family})`}`,
    `  credential  ${credential?.kind ?? 'none'}`,
    `  principal   ${who}`,
    `  tenant      ${tenant ?? 'none: no X-Tenant-ID'}`,
    ...(decision.outcome === 'grant' ? [] : [`  remedy      ${remedies[decision.code]}`]),
    '',
    ...formatChecks(checks),
  ];
  return lines.map(printable).join('\n');
}
