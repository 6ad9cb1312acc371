import type { LaravelUser, SessionRow } from '../../authn/laravel/laravel-application.ts';
import type { ApplicationDatabase } from './application-database.ts';

/** Larger texts are not fetched, because no session of that size is accepted. */
const maxPayloadBytes = 1_500_000;

/** The names of the tables of a Laravel application, and which of their columns Usher reads. */
interface LaravelTables {
  /** `session.table`. */
  readonly sessions: string;
  /** The table of the guard's users. */
  readonly users: string;
  /** Whether `deleted_at` marks users who were deleted (`SoftDeletes`). */
  readonly softDeletes: boolean;
  /** Whether to read the column `password`. */
  readonly readsPassword: boolean;
}

/** The database of a Laravel application. Both functions throw `Unavailable` if it does not respond. */
interface LaravelDatabase {
  readonly session: (id: string) => Promise<SessionRow | undefined>;
  readonly user: (id: string) => Promise<LaravelUser | undefined>;
}

interface StoredRow {
  readonly id: string;
  readonly payload: string;
  readonly last_activity: number | string;
}

/**
 * Reads two tables of Laravel in the application's database. The login needs SELECT on `id`, `payload` and `last_activity` of
 * the one, and on `id` of the other, with `password` and `deleted_at` as far as they are read.
 */
export function createLaravelDatabase(
  database: ApplicationDatabase,
  tables: LaravelTables,
): LaravelDatabase {
  const [sessions, users] = [tables.sessions, tables.users].map((name) =>
    quoteTable(database, name),
  );
  const sessionQuery = `
    SELECT id, payload, last_activity
    FROM ${sessions}
    WHERE id = $1 AND octet_length(payload) <= ${maxPayloadBytes}`;
  const userQuery = `
    SELECT concat(id, '') AS id${tables.readsPassword ? ', password' : ''}
    FROM ${users}
    WHERE id = $1${tables.softDeletes ? ' AND deleted_at IS NULL' : ''}`;
  return {
    session: async (id) => {
      const row = await database.findRow<StoredRow>(sessionQuery, [id]);
      // MySQL compares texts without regard to case, unless the column has another collation.
      if (row?.id !== id) return undefined;
      return { payload: row.payload, lastActivity: Number(row.last_activity) };
    },
    user: async (id) => {
      const user = await database.findRow<LaravelUser>(userQuery, [id]);
      // Both databases parse "007" as the integer 7, and MySQL also "7abc".
      return user?.id === id ? user : undefined;
    },
  };
}

/** The name of a table may begin with that of its schema. */
const quoteTable = (database: ApplicationDatabase, name: string): string =>
  name.split('.').map(database.quote).join('.');
