import { createShelf, type OnLookup } from './promise-cache.ts';

/** What PostgreSQL says of our tables, together with what it writes. */
export interface TablesSeen {
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
export interface TablesKnown {
  readonly watched: string | null;
  readonly horizon: string | null;
  /** Transactions from the horizon on, as an array of PostgreSQL's. */
  readonly xids: string;
}

/** Remembers rows for as long as PostgreSQL says that their tables are as they were. */
export interface TableMemory {
  /** Changes with everything that may have changed; `undefined` while nothing is remembered. */
  readonly version: () => number | undefined;
  /**
   * The same question, answered from memory where that can be. It is about rows of these tables and no others, and `spell`
   * tells two questions apart.
   */
  readonly remembering: <Question extends readonly unknown[], Answer>(
    tables: readonly string[],
    ask: (...question: Question) => Promise<Answer>,
    spell: (...question: Question) => string,
  ) => (...question: Question) => Promise<Answer>;
  /** What the next statement compares. */
  readonly known: () => TablesKnown;
  /** Forgets what has changed since what the statement knew. */
  readonly learn: (seen: TablesSeen, asked: Pick<TablesKnown, 'watched'>) => void;
}

/** The server's identity in what a statement says that it watched. */
export function serverIn(watched: string): string {
  return watched.split(' ')[0] ?? '';
}

/** Milliseconds without a word of PostgreSQL; changes are noted for longer than that. */
export const longestTrust = 10 * 60 * 1000;

/** Answers about one table, in each of two generations. */
const mostAnswers = 10_000;

/** Transactions that are named at most: so many are there only when another one stays open for very long. */
const mostKnown = 10_000;

/** What a memory is created with. */
export interface TableMemoryPorts {
  /** In milliseconds. */
  readonly now: () => number;
  /** Told whether an answer was remembered, or has to be asked for. */
  readonly onLookup: OnLookup;
}

/** Creates a memory that is empty, and stays so until PostgreSQL was heard. */
export function createTableMemory({ now, onLookup }: TableMemoryPorts): TableMemory {
  const shelves: { readonly tables: readonly string[]; readonly clear: () => void }[] = [];
  let version = 0;
  let known: readonly string[] = [];
  let seen: { readonly watched: string; readonly horizon: string; readonly at: number } | undefined;
  let watchedTables: ReadonlySet<string> = new Set();

  const forget = (isConcerned: (table: string) => boolean): void => {
    version += 1;
    for (const { tables, clear } of shelves) if (tables.some(isConcerned)) clear();
  };
  const startAnew = (): void => {
    seen = undefined;
    known = [];
    watchedTables = new Set();
    forget(() => true);
  };
  const trust = (): void => {
    const age = seen === undefined ? 0 : now() - seen.at;
    // A clock that was set back must not make it last.
    if (age < 0 || age >= longestTrust) startAnew();
  };

  return {
    version: () => {
      trust();
      return seen && version;
    },
    remembering: <Question extends readonly unknown[], Answer>(
      tables: readonly string[],
      ask: (...question: Question) => Promise<Answer>,
      spell: (...question: Question) => string,
    ) => {
      const { find, clear } = createShelf<Answer>(mostAnswers, onLookup);
      shelves.push({ tables, clear });
      return (...question: Question) =>
        tables.every((table) => watchedTables.has(table))
          ? find(spell(...question), () => ask(...question))
          : ask(...question);
    },
    known: () => {
      trust();
      return {
        watched: seen?.watched ?? null,
        horizon: seen?.horizon ?? null,
        xids: `{${known.join(',')}}`,
      };
    },
    learn: ({ watched, horizon, changes }, asked) => {
      if (watched === null) {
        startAnew();
        return;
      }
      // Of two statements under way at once, one that knew nothing yet, or of another server, says nothing of what the
      // other has made us remember.
      if (watched !== asked.watched || watched !== seen?.watched) {
        // At the same server the statement did not name them again, and while an old transaction is open the next one asks for them.
        const stillKnown = serverOf(watched) === serverOf(seen?.watched) ? known : [];
        startAnew();
        known = stillKnown;
        watchedTables = new Set(watched.split(' ').map((each) => each.split(':')[0] ?? ''));
      } else if (changes.length > 0) {
        const changed = new Set(changes.map((each) => each.changed));
        forget((table) => changed.has(table));
      }
      seen = { watched, horizon, at: now() };
      if (known.length + changes.length === 0) return;
      const all = new Set([...known, ...changes.map(({ xid }) => xid)]);
      // Those before the horizon are not asked about again.
      known = [...all].filter((xid) => BigInt(xid) >= BigInt(horizon));
      if (known.length > mostKnown) startAnew();
    },
  };
}

/** The identity of the server, which `watched` begins with. */
function serverOf(watched: string | undefined): string | undefined {
  return watched?.split(' ')[0];
}
