import type { Database } from '../client.ts';
import { maxAgeMs, serverIdentity, type TableCache } from './freshness.ts';

/**
 * Creates the cleanup of `table_changes`. It resolves to the number of deleted rows; `now` is in milliseconds. It
 * deletes rows below a horizon that is old enough: by then each replica has read them or reset its cache. The cleanup
 * does not use a time in the row, because a transaction may insert the row and commit hours later.
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
    // On another server all transactions may have lower numbers.
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
 * Also deletes rows that a dump brought from another server, with numbers that this server has not assigned yet. It
 * must not delete such rows of this server: a transaction may get its number and insert its row while this statement
 * runs.
 */
const removeChanges = `
  DELETE FROM table_changes
  WHERE current_setting('usher.server', true) = $2 AND (xid < $1::bigint
    OR (xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      AND server_start <> pg_postmaster_start_time()))
  RETURNING xid`;
