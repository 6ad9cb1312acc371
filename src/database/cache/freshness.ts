import { createPromiseCache, type CacheLookups } from '../../runtime/caches.ts';

/*
 * Checks whether cached rows are still the rows in PostgreSQL; see docs/freshness.md. Each statement receives a
 * `CacheSnapshot`, compares it with its own snapshot (`checkFreshness`), and returns the current `TableState`.
 * `refresh` then invalidates the changed tables.
 */

/** The state of the cached tables in the snapshot of one statement. */
export interface TableState {
  /**
   * The identity of the server, followed by `table:state` for each table that records its changes. Only these tables
   * are cached. `null` on a connection without an identity.
   */
  readonly watched: string | null;
  /** `xmin` of the snapshot: all transactions below it are finished, and their changes are processed. */
  readonly horizon: string;
  /** Visible transactions that changed a table and are not in the `CacheSnapshot`. */
  readonly changes: readonly { readonly xid: string; readonly changed: string }[];
}

/** The state of the cache, which PostgreSQL compares with its own. */
interface CacheSnapshot {
  readonly watched: string | null;
  readonly horizon: string | null;
  /** Transactions at or above the horizon that are already processed, as a PostgreSQL array. */
  readonly xids: string;
}

/** The parameters `$1` to `$3` of `checkFreshness`. */
export function freshnessValues({
  watched,
  horizon,
  xids,
}: CacheSnapshot): readonly (string | null)[] {
  return [watched, horizon, xids];
}

/**
 * Compares a `CacheSnapshot` with the snapshot of this statement. It compares transaction numbers, not times: a
 * transaction that commits late has a number at or above the horizon. A row of `table_changes` counts only while its
 * transaction is visible here: a dump may contain a row with a number that this server assigns later. `usher.server` is
 * the identity of the server, set when the connection was opened. Without it nothing is fresh.
 */
export const checkFreshness = `
  changes AS MATERIALIZED (
    SELECT xid, changed FROM table_changes
    WHERE xid >= coalesce($2::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
      AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      AND pg_visible_in_snapshot(xid::text::xid8, pg_current_snapshot()) AND xid <> ALL ($3::bigint[])
  ), table_state AS MATERIALIZED (
    SELECT nullif(current_setting('usher.server', true), '') || coalesce(string_agg(
      ' ' || relname || ':' || concat_ws('.', pg_class.oid, relfilenode, pg_trigger.xmin), ''
      ORDER BY relname), '') AS watched
    FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE pg_class.oid IN (to_regclass('facts'), to_regclass('guest_sessions'), to_regclass('revocations'))
      AND tgname = 'usher_note_change' AND tgenabled = 'A'
  ), freshness AS MATERIALIZED (
    SELECT watched, watched = $1 AND NOT EXISTS (SELECT FROM changes) AS is_fresh FROM table_state
  )`;

/**
 * Selects the columns of a `TableState` and whether the cache was fresh. It follows `checkFreshness` in the same
 * statement.
 */
export const selectTableState = `
  SELECT watched, is_fresh AS "isFresh", pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT coalesce(json_agg(json_build_object('xid', xid::text, 'changed', changed)), '[]') FROM changes) AS changes
  FROM freshness`;

/** Returns the cached result of this key, or loads it. */
export type ReadCached<Result> = (key: string, load: () => Promise<Result>) => Promise<Result>;

/** Caches rows while PostgreSQL reports that their tables are unchanged. */
export interface TableCache {
  /** Increases with each invalidation. `undefined` while nothing can be cached. */
  readonly version: () => number | undefined;
  /**
   * Creates a cache of results that are read from these tables only. `table:part` means only rows of that part, whose changes
   * the trigger of the table records under that name.
   */
  readonly cacheOf: <Result>(tables: readonly string[]) => ReadCached<Result>;
  /** The snapshot to send with the next statement. */
  readonly snapshot: () => CacheSnapshot;
  /** Invalidates the tables that changed after the snapshot was sent with the statement. */
  readonly refresh: (state: TableState, snapshot: Pick<CacheSnapshot, 'watched'>) => void;
}

/** Returns the identity of the server, which is the first word of `watched`. */
export function serverIdentity(watched: string): string {
  return watched.split(' ')[0] ?? '';
}

/** The table of `table:part`, and of `table:state` in `watched`. */
function tableOf(name: string): string {
  return name.split(':', 1)[0] ?? '';
}

/** The cache is reset after this time without a `TableState`. Rows of `table_changes` are kept for longer. */
export const maxAgeMs = 10 * 60 * 1000;

/** Maximum number of entries in one cache. */
const maxEntries = 20_000;

/** Exceeded only if another transaction stays open for a very long time. */
const maxKnownTransactions = 10_000;

interface TableCacheDeps {
  /** The current time in milliseconds. */
  readonly now: () => number;
  readonly lookups: CacheLookups;
}

/** Creates an empty cache. It caches nothing before the first `TableState`. */
export function createTableCache({ now, lookups }: TableCacheDeps): TableCache {
  const caches: { readonly tables: readonly string[]; readonly clear: () => void }[] = [];
  let version = 0;
  let knownTransactions: readonly string[] = [];
  let lastState:
    { readonly watched: string; readonly horizon: string; readonly at: number } | undefined;
  let watchedTables: ReadonlySet<string> = new Set();

  const invalidate = (isAffected: (table: string) => boolean): void => {
    version += 1;
    for (const { tables, clear } of caches) if (tables.some(isAffected)) clear();
  };
  const reset = (): void => {
    lastState = undefined;
    knownTransactions = [];
    watchedTables = new Set();
    invalidate(() => true);
  };
  const resetUnlessFresh = (): void => {
    const age = lastState === undefined ? 0 : now() - lastState.at;
    // A clock that was set back must not extend the age.
    if (age < 0 || age >= maxAgeMs) reset();
  };

  return {
    version: () => {
      resetUnlessFresh();
      return lastState && version;
    },
    cacheOf: <Result>(tables: readonly string[]): ReadCached<Result> => {
      const { getOrLoad, clear } = createPromiseCache<Result>(maxEntries, lookups);
      caches.push({ tables, clear });
      const whole = tables.map(tableOf);
      return (key, load) =>
        whole.every((table) => watchedTables.has(table)) ? getOrLoad(key, load) : load();
    },
    snapshot: () => {
      resetUnlessFresh();
      return {
        watched: lastState?.watched ?? null,
        horizon: lastState?.horizon ?? null,
        xids: `{${knownTransactions.join(',')}}`,
      };
    },
    refresh: ({ watched, horizon, changes }, snapshot) => {
      if (watched === null) {
        reset();
        return;
      }
      // Two statements may run at the same time. If a statement was sent without a table state, or with another one,
      // its result does not contain the changes to rows that were cached since.
      if (watched !== snapshot.watched || watched !== lastState?.watched) {
        // On the same server `changes` omits the transactions that are already processed, and an old transaction may
        // keep the horizon below them.
        const isSameServer =
          lastState !== undefined && serverIdentity(watched) === serverIdentity(lastState.watched);
        const stillKnown = isSameServer ? knownTransactions : [];
        reset();
        knownTransactions = stillKnown;
        watchedTables = new Set(watched.split(' ').map(tableOf));
      } else if (changes.length > 0) {
        const changed = new Set(changes.map((each) => each.changed));
        invalidate((table) => changed.has(table) || changed.has(tableOf(table)));
      }
      lastState = { watched, horizon, at: now() };
      if (knownTransactions.length + changes.length === 0) return;
      const all = new Set([...knownTransactions, ...changes.map(({ xid }) => xid)]);
      knownTransactions = [...all].filter((xid) => BigInt(xid) >= BigInt(horizon));
      if (knownTransactions.length > maxKnownTransactions) reset();
    },
  };
}
