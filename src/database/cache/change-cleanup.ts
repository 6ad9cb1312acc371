import type { Database } from '../client.ts';
import { maxAgeMs, serverIdentity, type TableCache } from './table-cache.ts';

/**
 * Creates the sweep of noted changes, which says how many it removed; `now` in milliseconds. It removes those of
 * transactions that were over so long ago that no replica which still trusts its memory can have missed them. Not by a time
 * in the row: a transaction may write it, stay open for hours, and be seen only then.
 */
export function createDeleteOldChanges(
  database: Database,
  { snapshot }: Pick<TableCache, 'snapshot'>,
): (now: number) => Promise<number> {
  let mark: { readonly at: number; readonly horizon: string; readonly server: string } | undefined;
  return async (now) => {
    const { horizon, watched } = snapshot();
    if (horizon === null || watched === null) return 0;
    const server = serverIdentity(watched);
    // A horizon says nothing of the transactions of another server, whose numbers may all be lower.
    if (mark?.server !== server) mark = { at: now, horizon, server };
    if (now - mark.at < 2 * maxAgeMs) return 0;
    const removed = await database.execute({
      name: 'usher_sweep_changes',
      text: removeChanges,
      values: [mark.horizon, server],
    });
    mark = { at: now, horizon, server };
    return removed.length;
  };
}

/**
 * Also notes of other servers with numbers that were not given yet here: they came with a dump. Not a note of this server: a
 * transaction may get its number and write it while this statement runs.
 */
const removeChanges = `
  DELETE FROM table_changes
  WHERE current_setting('usher.server', true) = $2 AND (xid < $1::bigint
    OR (xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      AND server_start <> pg_postmaster_start_time()))
  RETURNING xid`;
