import type { Database } from '../database/client.ts';
import type { PrismaClient } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';
import { isStorable } from '../database/storable-text.ts';
import type { FindDecision } from './audit-event.ts';
import { decisionColumns, toEntry, type DecisionRow } from './decision-row.ts';

/** Finds a decision of any tenant in the audit log, for the operator. */
export async function findDecision(
  database: Database,
  decisionId: string,
): ReturnType<FindDecision> {
  if (!isStorable(decisionId)) return undefined;
  const [, [row]] = await database.query((prisma) =>
    prisma.$transaction([actAsOperator(prisma), findRow(prisma, decisionId)]),
  );
  return row && toEntry(row);
}

function findRow(prisma: PrismaClient, decisionId: string) {
  return prisma.$queryRaw<DecisionRow[]>`
    SELECT ${decisionColumns} FROM audit_log WHERE decision_id = ${decisionId}`;
}
