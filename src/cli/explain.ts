import { withRecords } from '../app-records.ts';
import { loadConfig } from '../config/load.ts';
import { decisionIdPattern, type AuditEvent, type DecisionEntry } from '../core/audit-event.ts';
import { UsageError, type Command } from './command.ts';
import { checksTold, printable } from './explained.ts';
import { explainLive, liveUsage } from './explain-live.ts';
import { remedies } from './remedies.ts';

const usage = `explain <decision-id>     say why somebody was let in or not; the id is in X-Decision-Id
  ${liveUsage}`;

/** Tells which checks held and which did not, of a decision on record or of one that would be made now. */
export const explain: Command = {
  usage,
  run: (args, env, readInput) => {
    const [id = '', ...more] = args;
    if (id.startsWith('--')) return explainLive(args, loadConfig(env), readInput);
    if (!new RegExp(decisionIdPattern).test(id) || more.length > 0) throw new UsageError(usage);
    return withRecords(loadConfig(env), async ({ findDecision }) => {
      const found = await findDecision(id);
      if (found === undefined) throw new UsageError(`There is no decision ${id} on record`);
      return explained(found);
    });
  },
};

function explained({ decision, signals }: DecisionEntry): string {
  const { outcome, code, checks, address, requestId, userAgent } = decision;
  const lines = [
    outcome === 'grant' ? 'Granted' : `Refused: ${code ?? 'for no known reason'}`,
    `  decision  ${decision.decisionId}`,
    `  at        ${new Date(decision.at).toISOString()}`,
    `  what      ${whatOf(decision)}`,
    `  who       ${whoOf(decision)}`,
    `  from      ${address}, request ${requestId}${userAgent === undefined ? '' : `, ${userAgent}`}`,
    ...(signals.length > 0 ? [`  signals   ${signals.join(', ')}`] : []),
    ...(code === undefined ? [] : [`  remedy    ${remedies[code]}`]),
    '',
    ...checksTold(checks),
  ];
  return lines.map(printable).join('\n');
}

function whatOf({ action, channel, family, socketId }: AuditEvent): string {
  return [
    action,
    ...(channel === undefined ? [] : [channel]),
    ...(family === undefined ? [] : [`(${family})`]),
    ...(socketId === undefined ? [] : [`for socket ${socketId}`]),
  ].join(' ');
}

function whoOf({ principalKind, principalId, tenantId }: AuditEvent): string {
  const who =
    principalKind === undefined ? 'nobody known' : `${principalKind} ${principalId ?? ''}`;
  return tenantId === undefined ? who : `${who}, tenant ${tenantId}`;
}
