import { createSqlDatabase, type SqlDatabase } from '../../database/sql/sql-database.ts';
import type { Observe } from '../../runtime/observe.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { Clock } from '../../runtime/timer.ts';
import { dependencyOf } from '../source-errors.ts';

/** A source with its URL. */
export interface ResolvedSource {
  readonly name: string;
  readonly kind: 'postgres' | 'mysql' | 'http';
  readonly url: Secret;
}

export interface OpenDatabase {
  /** Identifies the source and its URL. */
  readonly key: string;
  readonly kind: 'postgres' | 'mysql';
  readonly database: SqlDatabase;
}

/** The databases of the policies in use. Policies with the same URL share connections, so a reload does not interrupt them. */
interface OpenDatabases {
  /** The database of a source; `undefined` for an HTTP source. */
  readonly open: (source: ResolvedSource) => OpenDatabase | undefined;
  /** Closes all databases but these, when the decisions under way are over. */
  readonly retain: (keys: ReadonlySet<string>) => void;
  readonly close: () => Promise<void>;
}

export interface OpenDatabasesDeps extends Clock {
  /** Reports whether a source responds, by its name in `Unavailable`. */
  readonly observe: (dependency: string) => Observe;
}

/** A decision that began with the last policy is over after this time. */
const closeAfterMs = 30_000;

interface Opened extends OpenDatabase {
  /** Set while the source is not used, and will be closed. */
  stopClosing: (() => void) | undefined;
}

export function createOpenDatabases({
  observe,
  now,
  startTimer,
}: OpenDatabasesDeps): OpenDatabases {
  const databases = new Map<string, Opened>();
  const observers = new Map<string, Observe>();

  return {
    open: ({ name, kind, url }) => {
      if (kind === 'http') return undefined;
      const key = `${name} ${url.reveal()}`;
      const existing = databases.get(key);
      if (existing !== undefined) {
        existing.stopClosing?.();
        existing.stopClosing = undefined;
        return existing;
      }
      const dependency = dependencyOf(name);
      const observer = observers.get(dependency) ?? observe(dependency);
      observers.set(dependency, observer);
      const options = { dependency, kind, url, observe: observer, now, startTimer };
      const opened: Opened = {
        key,
        kind,
        database: createSqlDatabase(options),
        stopClosing: undefined,
      };
      databases.set(key, opened);
      return opened;
    },
    retain: (keys) => {
      for (const [key, opened] of databases) {
        if (keys.has(key) || opened.stopClosing !== undefined) continue;
        opened.stopClosing = startTimer(closeAfterMs, () => {
          databases.delete(key);
          void opened.database.close();
        });
      }
    },
    close: async () => {
      for (const { stopClosing } of databases.values()) stopClosing?.();
      await Promise.all([...databases.values()].map(({ database }) => database.close()));
    },
  };
}
