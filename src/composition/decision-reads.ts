import type { FindDecision } from '../audit/audit-event.ts';
import type { FindDecisions } from '../audit/decision-filters.ts';
import type { Database } from '../database/client.ts';

/** What the operator reads of the audit log. It needs Prisma, which is loaded with the first read. */
export function createDecisionReads(database: Database): {
  readonly findDecision: FindDecision;
  readonly findDecisions: FindDecisions;
} {
  return {
    findDecision: async (id) => {
      const { createFindDecision } = await import('../audit/lookup.ts');
      return createFindDecision(database)(id);
    },
    findDecisions: async (query) => {
      const { createFindDecisions } = await import('../audit/find-decisions.ts');
      return createFindDecisions(database)(query);
    },
  };
}
