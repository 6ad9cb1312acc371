import type { Database } from './client.ts';
import { longestTrust, type TableMemory } from './table-memory.ts';

/**
 * Creates the sweep of noted changes, which says how many it removed; `now` in milliseconds. It removes those of
 * transactions that were over so long ago that no replica which still trusts its memory can have missed them. Not by a time
 * in the row: a transaction may write it, stay open for hours, and be seen only then.
 */
export function createSweepChanges(
  database: Database,
  { known }: Pick<TableMemory, 'known'>,
): (now: number) => Promise<number> {
  let mark: { readonly at: number; readonly horizon: string } | undefined;
  return async (now) => {
    const { horizon } = known();
    if (horizon === null) return 0;
    mark ??= { at: now, horizon };
    if (now - mark.at < 2 * longestTrust) return 0;
    const removed = await database.run({
      name: 'usher_sweep_changes',
      text: removeChanges,
      values: [mark.horizon],
    });
    mark = { at: now, horizon };
    return removed.length;
  };
}

/** Also the numbers that were not given yet: they came with a dump of another server. */
const removeChanges = `
  DELETE FROM table_changes
  WHERE xid < $1::bigint OR xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  RETURNING xid`;
