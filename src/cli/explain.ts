import type { Command } from 'commander';
import { withRecords } from '../composition/commands/open-database.ts';
import { loadConfig } from '../config/load.ts';
import { decisionIdPattern, type AuditEvent, type DecisionEntry } from '../audit/audit-event.ts';
import type { ShadowVerdict } from '../audit/shadow-verdict.ts';
import {
  CommandError,
  UsageError,
  type AddCommand,
  type CommandResult,
  type Context,
} from './command.ts';
import { formatChecks, printable } from './format.ts';
import { explainLive, type LiveOptions } from './explain-live.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { remedyFor } from '../audit/remedies.ts';
import { addTokenOptions, parseText } from './options.ts';
import { parsePolicyOptions, acceptPolicyOptions } from './policy-options.ts';

/** Prints the checks of a decision in the audit log, or of a decision that would be made now. */
export const addExplain: AddCommand = (program, context) => {
  const command = program
    .command('explain')
    .description(
      'explain a decision in the audit log, or the decision that Usher would make now; exit code 1 for a refusal',
    )
    .argument('[decision-id]', 'a decision in the audit log: the X-Decision-Id of a response')
    .option('--channel <name>', 'a channel: explain whether the token is granted it now', parseText)
    .option('--tenant <id>', 'with --channel: the X-Tenant-ID of the request', parseText)
    .option('--socket-id <id>', 'with --channel: the socket_id of the request', parseText);
  acceptPolicyOptions(addTokenOptions(command))
    .addHelpText('after', '\nA parameter of the path of a policy’s route is an option.')
    .action(async (_id: string | undefined, live: LiveOptions, { args }: Command) => {
      context.report(await explain(live, args, context));
    });
};

async function explain(
  live: LiveOptions,
  args: readonly string[],
  { env, readInput }: Context,
): Promise<CommandResult> {
  const isLive = Object.keys(live).length > 0;
  const [id, ...others] = args;
  const isNamed = id !== undefined && !id.startsWith('--');
  // Without a channel there is no route that could define the option.
  if (!isLive && !isNamed) parsePolicyOptions(args, []);
  if (isNamed === isLive || (isNamed && others.length > 0)) {
    throw new UsageError('give either a decision id, or --channel with a token');
  }
  if (!isNamed) {
    return explainLive(live, args, { loadConfig: () => loadConfig(env()), readInput });
  }
  // The message does not repeat the id, which may be a token pasted by mistake.
  if (!new RegExp(decisionIdPattern).test(id)) {
    throw new UsageError('that is not a decision id; responses have it in X-Decision-Id');
  }
  const config = loadConfig(env());
  const policy = await loadPolicy(config.policy);
  return withRecords(config, async ({ findDecision }) => {
    const found = await findDecision(id);
    if (found === undefined) throw new CommandError(`There is no decision ${id} in the audit log`);
    return { printed: formatEntry(found, policy), passed: found.decision.outcome === 'grant' };
  });
}

function formatEntry({ decision, signals, shadow }: DecisionEntry, policy: Policy): string {
  const { outcome, code, checks, address, requestId, userAgent } = decision;
  const lines = [
    outcome === 'grant' ? 'Granted' : `Refused: ${code ?? 'unknown reason'}`,
    `  decision    ${decision.decisionId}`,
    `  time        ${new Date(decision.at).toISOString()}`,
    `  action      ${describeAction(decision)}`,
    ...(decision.policy === undefined ? [] : [`  policy      ${decision.policy}`]),
    `  principal   ${describePrincipal(decision)}`,
    `  from        ${address}, request ${requestId}${userAgent === undefined ? '' : `, ${userAgent}`}`,
    ...(signals.length > 0 ? [`  events      ${signals.join(', ')}`] : []),
    ...(shadow === undefined ? [] : [`  shadow      ${describeShadow(shadow)}`]),
    ...(code === undefined ? [] : [`  remedy      ${remedyFor(code, policy)}`]),
    '',
    ...formatChecks(checks),
  ];
  return lines.map(printable).join('\n');
}

function describeShadow({ side, result, watched, reason }: ShadowVerdict): string {
  const verdict = watched === undefined ? '' : `: ${watched}`;
  return `${result}${verdict} of the ${side}${reason === undefined ? '' : ` (${reason})`}`;
}

function describeAction({ action, channel, family, socketId }: AuditEvent): string {
  return [
    action,
    ...(channel === undefined ? [] : [channel]),
    ...(family === undefined ? [] : [`(${family})`]),
    ...(socketId === undefined ? [] : [`for socket ${socketId}`]),
  ].join(' ');
}

function describePrincipal({ principalKind, principalId, tenantId }: AuditEvent): string {
  const who = principalKind === undefined ? 'unknown' : `${principalKind} ${principalId ?? ''}`;
  return tenantId === undefined ? who : `${who}, tenant ${tenantId}`;
}
