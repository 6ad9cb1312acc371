import { createPromiseCache, type OnCacheLookup } from './promise-cache.ts';

/*
 * Whether cached rows are still what PostgreSQL has. The page docs/freshness.md explains it. A statement gets what this
 * process knows (`CacheSnapshot`), compares it in its own snapshot (`checkFreshness`), and returns the present state
 * (`TableState`), by which `refresh` invalidates what has changed.
 */

/** The state of the cached tables in the snapshot of one statement. */
export interface TableState {
  /**
   * The server's identity, followed by `table:state` of each table that records its changes; only those are cached.
   * `null` on a connection without identity.
   */
  readonly watched: string | null;
  /** `xmin` of the snapshot: transactions below it are finished, and their changes are known. */
  readonly horizon: string;
  /** Visible transactions that changed a table and were not among the known ones. */
  readonly changes: readonly { readonly xid: string; readonly changed: string }[];
}

/** What this process knows, for PostgreSQL to compare. */
export interface CacheSnapshot {
  readonly watched: string | null;
  readonly horizon: string | null;
  /** Known transactions from the horizon on, as an array of PostgreSQL. */
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
 * Compares a `CacheSnapshot` with the snapshot of this statement. Transaction numbers, not times: a transaction that commits
 * late has a number at or above the horizon. A row of `table_changes` counts once its transaction is visible here, and not
 * before: a dump may have brought a row whose number this server assigns later. `usher.server` is the identity of the server,
 * set when the connection was opened; without it nothing is fresh.
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
    WHERE pg_class.oid IN (to_regclass('bookings'), to_regclass('escrows'), to_regclass('rooms'),
        to_regclass('orders'), to_regclass('guest_sessions'), to_regclass('revocations'))
      AND tgname = 'usher_note_change' AND tgenabled = 'A'
  ), freshness AS MATERIALIZED (
    SELECT watched, watched = $1 AND NOT EXISTS (SELECT FROM changes) AS is_fresh FROM table_state
  )`;

/** The columns of a `TableState`, and whether the cache was fresh; behind `checkFreshness` in the same statement. */
export const selectTableState = `
  SELECT watched, is_fresh AS "isFresh", pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
    (SELECT coalesce(json_agg(json_build_object('xid', xid::text, 'changed', changed)), '[]') FROM changes) AS changes
  FROM freshness`;

/** Caches rows while PostgreSQL reports that their tables are unchanged. */
export interface TableCache {
  /** Incremented whenever something is invalidated; `undefined` while nothing can be cached. */
  readonly version: () => number | undefined;
  /** Caches the results of `load`, which reads rows of these tables and no others. */
  readonly cached: <Request extends readonly unknown[], Result>(
    tables: readonly string[],
    load: (...args: Request) => Promise<Result>,
    cacheKey: (...args: Request) => string,
  ) => (...args: Request) => Promise<Result>;
  /** What the next statement compares. */
  readonly snapshot: () => CacheSnapshot;
  /** Invalidates what has changed since the snapshot that was sent with the statement. */
  readonly refresh: (state: TableState, snapshot: Pick<CacheSnapshot, 'watched'>) => void;
}

/** The identity of the server, with which `watched` begins. */
export function serverIdentity(watched: string): string {
  return watched.split(' ')[0] ?? '';
}

/** The cache is reset after so long without a `TableState`; rows of `table_changes` are kept for longer. */
export const maxAgeMs = 10 * 60 * 1000;

/** Entries of one cache. */
const maxEntries = 20_000;

/** There are more only if another transaction stays open for very long. */
const maxKnownTransactions = 10_000;

export interface TableCacheDeps {
  /** In milliseconds. */
  readonly now: () => number;
  readonly onCacheLookup: OnCacheLookup;
}

/** Creates an empty cache; it caches nothing before the first `TableState`. */
export function createTableCache({ now, onCacheLookup }: TableCacheDeps): TableCache {
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
    cached: <Request extends readonly unknown[], Result>(
      tables: readonly string[],
      load: (...args: Request) => Promise<Result>,
      cacheKey: (...args: Request) => string,
    ) => {
      const { getOrLoad, clear } = createPromiseCache<Result>(maxEntries, onCacheLookup);
      caches.push({ tables, clear });
      return (...args: Request) =>
        tables.every((table) => watchedTables.has(table))
          ? getOrLoad(cacheKey(...args), () => load(...args))
          : load(...args);
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
      // Two statements may run at once. One that was sent without a table state, or with another one, does not report the
      // changes of what was cached since.
      if (watched !== snapshot.watched || watched !== lastState?.watched) {
        // On the same server `changes` does not contain the known ones, and an old transaction may hold the horizon below them.
        const isSameServer =
          lastState !== undefined && serverIdentity(watched) === serverIdentity(lastState.watched);
        const stillKnown = isSameServer ? knownTransactions : [];
        reset();
        knownTransactions = stillKnown;
        watchedTables = new Set(watched.split(' ').map((each) => each.split(':')[0] ?? ''));
      } else if (changes.length > 0) {
        const changed = new Set(changes.map((each) => each.changed));
        invalidate((table) => changed.has(table));
      }
      lastState = { watched, horizon, at: now() };
      if (knownTransactions.length + changes.length === 0) return;
      const all = new Set([...knownTransactions, ...changes.map(({ xid }) => xid)]);
      knownTransactions = [...all].filter((xid) => BigInt(xid) >= BigInt(horizon));
      if (knownTransactions.length > maxKnownTransactions) reset();
    },
  };
}
