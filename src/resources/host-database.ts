import { Pool } from 'pg';
import type { Secret } from '../core/secret.ts';
import { withOptions } from './connection-url.ts';
import { databaseUnavailable } from './faults.ts';
import { isStorable } from './text.ts';

/** The database of the host application, of which Usher reads some rows and writes nothing. */
export interface HostDatabase {
  /**
   * The row that a parameterised query finds, or `undefined`. Parameters are texts that PostgreSQL reads as the type of the
   * column beside them; one that is no value of that type finds nothing. Throws `Unavailable` when the host could not answer.
   */
  readonly findRow: <Row extends object>(
    query: string,
    parameters: readonly string[],
  ) => Promise<Row | undefined>;
  /** Ends the pool's connections. */
  readonly close: () => Promise<void>;
}

export interface HostDatabaseOptions {
  readonly url: Secret;
  /** The time zone of columns without one, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Connections at most. */
  readonly poolSize?: number;
  /** Milliseconds after which a connection attempt or a statement is given up. */
  readonly timeoutMs?: number;
}

/** "Not a value of this type" and "beyond this type's range": there can be no such row. */
const impossibleValues: ReadonlySet<unknown> = new Set(['22P02', '22003']);

/** A read-only client of a host's database. It connects with the first query, and again by itself when the server comes back. */
export function createHostDatabase(options: HostDatabaseOptions): HostDatabase {
  const { url, timeZone, poolSize = 10, timeoutMs = 3_000 } = options;
  const settings = { TimeZone: timeZone, default_transaction_read_only: 'on' };
  const pool = new Pool({
    connectionString: withOptions(url, settings).reveal(),
    max: poolSize,
    connectionTimeoutMillis: timeoutMs,
    // The server ends a slow statement; only query_timeout also frees us from a server that is frozen.
    statement_timeout: timeoutMs,
    query_timeout: timeoutMs + 500,
    application_name: 'usher',
  });
  // Without a listener, an idle connection that breaks would end the process; the pool replaces it by itself.
  pool.on('error', () => undefined);
  return {
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      if (!parameters.every(isStorable)) return undefined;
      try {
        const { rows } = await pool.query<Row>(query, [...parameters]);
        return rows[0];
      } catch (error) {
        if (impossibleValues.has((error as { readonly code?: unknown }).code)) return undefined;
        throw databaseUnavailable(error, 'host database');
      }
    },
    close: () => pool.end(),
  };
}
