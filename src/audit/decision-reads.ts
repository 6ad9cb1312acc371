import type { FindDecision } from './audit-event.ts';
import type { FindDecisions } from './decision-filters.ts';
import type { Database } from '../database/client.ts';

/** Reads of the audit log for the operator. They need Prisma, which is loaded with the first one. */
export function createDecisionReads(database: Database): {
  readonly findDecision: FindDecision;
  readonly findDecisions: FindDecisions;
} {
  const reads = () => import('./find-decisions.ts');
  return {
    findDecision: async (id) => (await reads()).findDecision(database, id),
    findDecisions: async (query) => (await reads()).findDecisions(database, query),
  };
}
