import { withRecords } from '../composition/commands/open-database.ts';
import { loadConfig } from '../config/load.ts';
import { decisionIdPattern, type AuditEvent, type DecisionEntry } from '../audit/audit-event.ts';
import { CommandError, UsageError } from './command-error.ts';
import type { AddCommand, Context, CommandResult } from './context.ts';
import { formatChecks, printable } from './format-checks.ts';
import { explainLive, type LiveOptions } from './explain-live.ts';
import { remedies } from './remedies.ts';
import { addTokenOptions } from './token-option.ts';

/** Tells which checks held and which did not, of a decision on record or of one that would be made now. */
export const addExplain: AddCommand = (program, context) => {
  const command = program
    .command('explain')
    .description(
      'explain a decision on record, or the decision that Usher would make now; exit code 1 for a refusal',
    )
    .argument('[decision-id]', 'a decision on record: the X-Decision-Id of an answer')
    .option('--channel <name>', 'a channel: show whether the token may enter it now')
    .option('--tenant <id>', 'with --channel: the X-Tenant-ID of the request')
    .option('--hotel <slug>', 'with --channel: the hotel in the path of the request')
    .option('--socket-id <id>', 'with --channel: the socket_id of the request');
  addTokenOptions(command).action(async (id: string | undefined, live: LiveOptions) => {
    context.report(await explain(id, live, context));
  });
};

async function explain(
  id: string | undefined,
  live: LiveOptions,
  { env, readInput }: Context,
): Promise<CommandResult> {
  const isLive = Object.keys(live).length > 0;
  if ((id === undefined) !== isLive) {
    throw new UsageError('give either a decision id, or --channel with a token');
  }
  if (id === undefined) return explainLive(live, () => loadConfig(env()), readInput);
  // The message does not repeat the id: it may be a token that was pasted by mistake.
  if (!new RegExp(decisionIdPattern).test(id)) {
    throw new UsageError('that is not a decision id; an answer has it in X-Decision-Id');
  }
  return withRecords(loadConfig(env()), async ({ findDecision }) => {
    const found = await findDecision(id);
    if (found === undefined) throw new CommandError(`There is no decision ${id} on record`);
    return { printed: formatEntry(found), passed: found.decision.outcome === 'grant' };
  });
}

function formatEntry({ decision, signals }: DecisionEntry): string {
  const { outcome, code, checks, address, requestId, userAgent } = decision;
  const lines = [
    outcome === 'grant' ? 'Granted' : `Refused: ${code ?? 'for no known reason'}`,
    `  decision  ${decision.decisionId}`,
    `  at        ${new Date(decision.at).toISOString()}`,
    `  what      ${describeAction(decision)}`,
    `  who       ${describePrincipal(decision)}`,
    `  from      ${address}, request ${requestId}${userAgent === undefined ? '' : `, ${userAgent}`}`,
    ...(signals.length > 0 ? [`  signals   ${signals.join(', ')}`] : []),
    ...(code === undefined ? [] : [`  remedy    ${remedies[code]}`]),
    '',
    ...formatChecks(checks),
  ];
  return lines.map(printable).join('\n');
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
  const who =
    principalKind === undefined ? 'nobody known' : `${principalKind} ${principalId ?? ''}`;
  return tenantId === undefined ? who : `${who}, tenant ${tenantId}`;
}
