import type { Database } from '../database/client.ts';
import { Prisma } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';

/** Rows per statement: it takes milliseconds and blocks no other transaction for long. */
const batch = 1_000;

/** `before` is in milliseconds since the epoch. `onProgress` is called with the number of deleted rows so far. */
export interface PruneOptions {
  readonly before: number;
  readonly onProgress?: (deleted: number) => void;
}

/**
 * Deletes decisions, and what is stored beside them, from before a time. Resolves to the number of decisions. Throws
 * `Unavailable`.
 */
export async function pruneDecisions(database: Database, options: PruneOptions): Promise<number> {
  const count = await prune(database, 'audit_log', options);
  await prune(database, 'shadow_verdicts', { before: options.before });
  return count;
}

/** Deletes security events from before a time. Resolves to their number. Throws `Unavailable`. */
export function pruneSecurityEvents(database: Database, options: PruneOptions): Promise<number> {
  return prune(database, 'security_events', options);
}

async function prune(
  database: Database,
  table: 'audit_log' | 'security_events' | 'shadow_verdicts',
  { before, onProgress }: PruneOptions,
): Promise<number> {
  const name = Prisma.raw(table);
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
    onProgress?.(total);
  }
}
