import type { Database } from '../database/client.ts';
import { Prisma } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';

/** Rows per statement: it takes milliseconds and blocks no other transaction for long. */
const batch = 1_000;

/**
 * Deletes rows from before a time, in milliseconds since the epoch; resolves to their number. Calls `onProgress` with the number
 * so far. Throws `Unavailable`.
 */
export type Prune = (before: number, onProgress?: (deleted: number) => void) => Promise<number>;

/** `pruneDecisions` also removes what is stored beside decisions, and counts decisions only. */
export function createRetention(database: Database): {
  readonly pruneDecisions: Prune;
  readonly pruneSecurityEvents: Prune;
} {
  return {
    pruneDecisions: async (before, onProgress) => {
      const count = await createPrune(database, 'audit_log')(before, onProgress);
      await createPrune(database, 'shadow_verdicts')(before);
      return count;
    },
    pruneSecurityEvents: createPrune(database, 'security_events'),
  };
}

function createPrune(
  database: Database,
  table: 'audit_log' | 'security_events' | 'shadow_verdicts',
): Prune {
  const name = Prisma.raw(table);
  return async (before, onProgress = () => undefined) => {
    const datetime = new Date(before).toISOString();
    const statement = Prisma.sql`
      DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${name} WHERE at < ${datetime}::timestamptz ORDER BY at LIMIT ${batch}))`;
    // Until a statement deletes none: it may delete few because another prune runs concurrently.
    for (let total = 0; ;) {
      const [, deleted] = await database.query((prisma) =>
        prisma.$transaction([actAsOperator(prisma), prisma.$executeRaw(statement)]),
      );
      if (deleted === 0) return total;
      total += deleted;
      onProgress(total);
    }
  };
}
