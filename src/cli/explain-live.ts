import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import { withPolicy } from '../composition/commands/live-policy.ts';
import type { Config } from '../config/load.ts';
import type { Decision } from '../policy/decision.ts';
import { principalId } from '../policy/principal.ts';
import { Secret } from '../runtime/secret.ts';
import { UsageError } from './command-error.ts';
import type { ReadInput, CommandResult } from './context.ts';
import { formatChecks, printable } from './format-checks.ts';
import { credentialKind, matchOf } from './match-channel.ts';
import { remedies } from './remedies.ts';
import { readToken, type TokenOptions } from './token-option.ts';

/** Who would ask for what, as it was given on the command line. */
export interface LiveOptions extends TokenOptions {
  readonly channel?: string;
  readonly tenant?: string;
  readonly hotel?: string;
  readonly socketId?: string;
}

/** Asks the live policy, with the facts in the database as they are, and tells each check. Throws `UsageError`. */
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
  const who =
    principal === undefined ? 'nobody known' : `${principal.kind} ${principalId(principal)}`;
  const [tenant] = constraints.tenantIds;
  const lines = [
    decision.outcome === 'grant' ? 'Would be granted' : `Would be refused: ${decision.code}`,
    `  what      subscribe ${channelName}${family === undefined ? '' : ` (${family})`}`,
    `  shown as  ${credential?.kind ?? 'nothing'}`,
    `  who       ${who}`,
    `  asked at  ${tenant === undefined ? 'no tenant: no X-Tenant-ID' : `tenant ${tenant}`}`,
    ...(decision.outcome === 'grant' ? [] : [`  remedy    ${remedies[decision.code]}`]),
    '',
    ...formatChecks(checks),
  ];
  return lines.map(printable).join('\n');
}
