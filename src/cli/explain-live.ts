import type { Credential } from '../authn/credential.ts';
import { isLeftToApplication, type ExplainRequest } from '../authorize/explain-channel.ts';
import { withPolicy, type FactRead } from '../composition/commands/live-policy.ts';
import type { Config } from '../config/load.ts';
import { askCheck } from '../policy/ask.ts';
import type { Decision } from '../policy/decision.ts';
import { UsageError, type CommandResult, type ReadInput } from './command.ts';
import { formatChecks, printable } from './format.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { describeOrigin } from '../policy/fact-kind.ts';
import type { Policy } from '../policy/policy.ts';
import { shownCredential } from './match-channel.ts';
import { parsePolicyOptions } from './policy-options.ts';
import { remedyFor } from '../audit/remedies.ts';
import { readToken, type TokenOptions } from './options.ts';

export interface LiveOptions extends TokenOptions {
  readonly channel?: string;
  readonly tenant?: string;
  readonly socketId?: string;
}

/** Evaluates a request now, with the facts in the database, and formats each check. Throws `UsageError`. */
export async function explainLive(
  options: LiveOptions,
  args: readonly string[],
  { loadConfig, readInput }: { readonly loadConfig: () => Config; readonly readInput: ReadInput },
): Promise<CommandResult> {
  const token = await readToken(options, readInput);
  if (options.channel === undefined) throw new UsageError('--channel is missing');
  if (token === undefined) throw new UsageError('--token-stdin or --token is missing');
  const config = loadConfig();
  const given = { ...options, channel: options.channel, token };
  // A wrong option is reported without a database.
  const policy = await loadPolicy(config.policy);
  const request = explainRequest(given, args, { policy, sessions: config.sessions });
  return withPolicy(config, async ({ policy, explain, readFacts, explainIssuers }) => {
    const decision = await explain(request);
    const issuers = explainIssuers(request.by);
    return {
      printed: formatDecision(request, decision, { policy, issuers, facts: readFacts() }),
      passed: decision.outcome === 'grant',
    };
  });
}

/** A request with a credential. */
type TokenRequest = ExplainRequest & { readonly by: Credential };

function explainRequest(
  {
    channel,
    tenant,
    token,
    socketId = '1.1',
  }: LiveOptions & { readonly channel: string; readonly token: string },
  args: readonly string[],
  { policy, sessions }: { readonly policy: Policy; readonly sessions: Config['sessions'] },
): TokenRequest {
  const match = policy.channels.matchText(channel);
  const pins = pinsOf(match, policy);
  const values = parsePolicyOptions(args, [...pins.keys()]);
  return {
    channelName: channel,
    socketId,
    by: shownCredential(token, match, { policy, sessions }),
    constraints: {
      tenantIds: tenant === undefined ? [] : [tenant],
      pins: Object.entries(values).map(([name, value]) => {
        return { name, value, channelParam: pins.get(name) ?? name };
      }),
    },
  };
}

/** The pins of the routes that sign a channel: the parameter of the path, and that of the channel. */
function pinsOf(match: ChannelMatch | undefined, { routes }: Policy): ReadonlyMap<string, string> {
  const pattern = match?.channelType.pattern.text ?? '';
  const signing = [...routes.values()].filter(({ only }) => only?.includes(pattern) === true);
  return new Map(
    signing.flatMap(({ pins }) => pins.map((pin) => [pin.pathParam, pin.channelParam] as const)),
  );
}

function verdictOf(decision: Decision): string {
  if (decision.outcome === 'grant') return 'Would be granted';
  return isLeftToApplication(decision)
    ? 'The application would decide; Usher sent it no request. All other checks pass.'
    : `Would be refused: ${decision.code}`;
}

function formatDecision(
  { channelName, by, constraints }: TokenRequest,
  decision: Decision,
  {
    policy,
    issuers,
    facts,
  }: {
    readonly policy: Policy;
    readonly issuers: readonly string[];
    readonly facts: readonly FactRead[];
  },
): string {
  const { principal, family, checks } = decision;
  const who = principal === undefined ? 'unknown' : `${principal.kind} ${principal.id}`.trimEnd();
  const [tenant] = constraints.tenantIds;
  const lines = [
    verdictOf(decision),
    `  action      subscribe ${channelName}${family === undefined ? '' : ` (${family})`}`,
    `  credential  ${by.kind}`,
    ...issuers.map((line, i) => `  ${i === 0 ? 'issuers' : '       '}     ${line}`),
    `  policy      ${policy.hash}`,
    `  principal   ${who}`,
    `  tenant      ${tenant ?? 'none: no X-Tenant-ID'}`,
    ...facts.map((fact) => `  fact        ${describeFact(fact)}`),
    ...(decision.outcome === 'grant' || isLeftToApplication(decision)
      ? []
      : [`  remedy      ${remedyFor(decision.code, policy)}`]),
    '',
    ...formatChecks(
      checks.map((each) =>
        each.name === askCheck ? { ...each, name: `${each.name} (no request was sent)` } : each,
      ),
    ),
  ];
  return lines.map(printable).join('\n');
}

/** `not found` and not `does not exist`, because row-level security hides facts of another tenant. */
function describeFact({ kind, ids, isFound }: FactRead): string {
  const found = isFound ? '' : ': not found';
  return `${[kind.name, ...ids].join('/')} (${describeOrigin(kind)})${found}`;
}
