import type { Database } from '../database/client.ts';
import { Prisma } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';

/** Rows of one statement: few enough that it takes milliseconds, and holds nobody up. */
const batch = 1_000;

/** Removes rows that are older than a moment, in milliseconds since the epoch, and resolves to how many those were. Throws `Unavailable`. */
export type Prune = (before: number) => Promise<number>;

/** Creates what removes old rows of the two audit tables. */
export function createRetention(database: Database): {
  readonly pruneDecisions: Prune;
  readonly pruneSignals: Prune;
} {
  return {
    pruneDecisions: createPrune(database, 'audit_log'),
    pruneSignals: createPrune(database, 'security_events'),
  };
}

function createPrune(database: Database, table: 'audit_log' | 'security_events'): Prune {
  const name = Prisma.raw(table);
  return async (before) => {
    const moment = new Date(before).toISOString();
    const statement = Prisma.sql`
      DELETE FROM ${name} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${name} WHERE at < ${moment}::timestamptz ORDER BY at LIMIT ${batch}))`;
    // Until a statement finds none: one that finds few may have met another prune.
    for (let total = 0; ;) {
      const [, removed] = await database.query((prisma) =>
        prisma.$transaction([actAsOperator(prisma), prisma.$executeRaw(statement)]),
      );
      if (removed === 0) return total;
      total += removed;
    }
  };
}
