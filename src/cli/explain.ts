import { withRecords } from '../app-records.ts';
import { loadConfig } from '../config/load.ts';
import { decisionIdPattern, type AuditEvent, type DecisionEntry } from '../core/audit-event.ts';
import { UsageError, type Command } from './command.ts';

const usage = `explain <decision-id>     say why somebody was let in or not; the id is in X-Decision-Id`;

/** Tells of a decision on record which checks held, and which did not. */
export const explain: Command = {
  usage,
  run: ([id = '', ...more], env) => {
    if (!new RegExp(decisionIdPattern).test(id) || more.length > 0) throw new UsageError(usage);
    return withRecords(loadConfig(env), async ({ findDecision }) => {
      const found = await findDecision(id);
      if (found === undefined) throw new UsageError(`There is no decision ${id} on record`);
      return explained(found);
    });
  },
};

function explained({ decision, signals }: DecisionEntry): string {
  const { outcome, code, checks, failedCheck, address, requestId, userAgent } = decision;
  const lines = [
    outcome === 'grant' ? 'Granted' : `Refused: ${code ?? 'for no known reason'}`,
    `  decision  ${decision.decisionId}`,
    `  at        ${new Date(decision.at).toISOString()}`,
    `  what      ${whatOf(decision)}`,
    `  who       ${whoOf(decision)}`,
    `  from      ${address}, request ${requestId}${userAgent === undefined ? '' : `, ${userAgent}`}`,
    ...(signals.length > 0 ? [`  signals   ${signals.join(', ')}`] : []),
    '',
    ...checks.map(({ name, passed }) => {
      const first = name === failedCheck ? '  <- the first that failed' : '';
      return `  ${passed ? '✓' : '✗'} ${name}${first}`;
    }),
    ...(checks.length === 0 ? ['  No check was reached.'] : []),
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

/** A user agent must not be able to move the cursor of a terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '\uFFFD');
}
