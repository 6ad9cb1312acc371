import { createPromiseCache, type OnCacheLookup } from './promise-cache.ts';

/** What PostgreSQL says of our tables, together with what it writes. */
export interface TableState {
  /**
   * The server's identity, and behind it `table:state` of each table that notes its changes; only those are remembered.
   * `null` on a connection that does not know its server.
   */
  readonly watched: string | null;
  /** Number of a transaction: all before it are over, and what they changed has been seen. */
  readonly horizon: string;
  /** Transactions that changed tables and that we did not name as known. */
  readonly changes: readonly { readonly xid: string; readonly changed: string }[];
}

/** What we have seen, for PostgreSQL to compare. */
export interface CacheSnapshot {
  readonly watched: string | null;
  readonly horizon: string | null;
  /** Transactions from the horizon on, as an array of PostgreSQL's. */
  readonly xids: string;
}

/** Remembers rows for as long as PostgreSQL says that their tables are as they were. */
export interface TableCache {
  /** Changes with everything that may have changed; `undefined` while nothing is remembered. */
  readonly version: () => number | undefined;
  /**
   * The same question, answered from memory where that can be. It is about rows of these tables and no others, and `spell`
   * tells two questions apart.
   */
  readonly cached: <Request extends readonly unknown[], Result>(
    tables: readonly string[],
    load: (...args: Request) => Promise<Result>,
    cacheKey: (...args: Request) => string,
  ) => (...args: Request) => Promise<Result>;
  /** What the next statement compares. */
  readonly snapshot: () => CacheSnapshot;
  /** Forgets what has changed since what the statement knew. */
  readonly refresh: (state: TableState, snapshot: Pick<CacheSnapshot, 'watched'>) => void;
}

/** The server's identity in what a statement says that it watched. */
export function serverIdentity(watched: string): string {
  return watched.split(' ')[0] ?? '';
}

/** Milliseconds without a word of PostgreSQL; changes are noted for longer than that. */
export const maxAgeMs = 10 * 60 * 1000;

/** Entries of one cache. */
const maxEntries = 20_000;

/** Transactions that are named at most: so many are there only when another one stays open for very long. */
const maxKnownTransactions = 10_000;

/** What a memory is created with. */
export interface TableCacheDeps {
  /** In milliseconds. */
  readonly now: () => number;
  /** Told whether an answer was remembered, or has to be asked for. */
  readonly onCacheLookup: OnCacheLookup;
}

/** Creates a memory that is empty, and stays so until PostgreSQL was heard. */
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
    // A clock that was set back must not make it last.
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
      // Of two statements under way at once, one that knew nothing yet, or of another server, says nothing of what the
      // other has made us remember.
      if (watched !== snapshot.watched || watched !== lastState?.watched) {
        // At the same server the statement did not name them again, and while an old transaction is open the next one asks for them.
        const stillKnown =
          serverOf(watched) === serverOf(lastState?.watched) ? knownTransactions : [];
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
      // Those before the horizon are not asked about again.
      knownTransactions = [...all].filter((xid) => BigInt(xid) >= BigInt(horizon));
      if (knownTransactions.length > maxKnownTransactions) reset();
    },
  };
}

/** The identity of the server, which `watched` begins with. */
function serverOf(watched: string | undefined): string | undefined {
  return watched?.split(' ')[0];
}
