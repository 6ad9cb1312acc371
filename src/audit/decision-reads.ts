import type { FindDecision } from './audit-event.ts';
import type { FindDecisions } from './decision-filters.ts';
import type { Database } from '../database/client.ts';

/** Reads of the audit log for the operator. They need Prisma, which is loaded with the first one. */
export function createDecisionReads(database: Database): {
  readonly findDecision: FindDecision;
  readonly findDecisions: FindDecisions;
} {
  return {
    findDecision: async (id) => {
      const { findDecision } = await import('./find-decisions.ts');
      return findDecision(database, id);
    },
    findDecisions: async (query) => {
      const { findDecisions } = await import('./find-decisions.ts');
      return findDecisions(database, query);
    },
  };
}
