import type { ClientBase } from 'pg';
import { unobserved, type Observe } from '../../runtime/observe.ts';
import type { Secret } from '../../runtime/secret.ts';
import { databaseUnavailable } from '../errors.ts';
import { createPool } from '../pool.ts';
import { isDirect } from '../pooler.ts';
import { serversOf } from '../servers.ts';
import { isStorable } from '../storable-text.ts';

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
  readonly observe?: Observe;
}

/** "Not a value of this type" and "beyond this type's range": there can be no such row. */
const impossibleValues: ReadonlySet<unknown> = new Set(['22P02', '22003']);

/** A read-only client of a host's database. It connects with the first query, and again by itself when the server comes back. */
export function createHostDatabase(options: HostDatabaseOptions): HostDatabase {
  const { url, timeZone, poolSize = 10, timeoutMs = 3_000, observe = unobserved } = options;
  const pool = createPool({
    servers: serversOf(url),
    prepare: (client) => restrict(client, timeoutMs),
    max: poolSize,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + 500,
    application_name: 'usher',
  });
  return {
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      if (!parameters.every(isStorable)) return undefined;
      return observe(async () => {
        try {
          const text = inTimeZone(query, parameters.length + 1);
          const { rows } = await pool.query<Row>(text, [...parameters, timeZone]);
          return rows[0];
        } catch (error) {
          if (impossibleValues.has((error as { readonly code?: unknown }).code)) return undefined;
          throw databaseUnavailable(error, 'host database');
        }
      });
    },
    close: () => pool.end(),
  };
}

/**
 * The server ends a slow statement; only `query_timeout` also frees us from a server that is frozen. Behind a pooler nothing
 * is set: in transaction mode the host itself would have these settings next.
 */
async function restrict(client: ClientBase, timeoutMs: number): Promise<string> {
  if (await isDirect(client)) {
    await client.query(
      `SELECT set_config('default_transaction_read_only', 'on', false), set_config('statement_timeout', $1, false)`,
      [String(timeoutMs)],
    );
  }
  return '';
}

/**
 * The time zone is set for this statement only, whatever pooler is between. The condition names no column, so it is decided,
 * and the zone set, before a row is read.
 */
function inTimeZone(query: string, place: number): string {
  return `WITH zone AS MATERIALIZED (SELECT set_config('TimeZone', $${place}, true) AS name)
    SELECT * FROM (${query}) AS found WHERE (SELECT name FROM zone) IS NOT NULL`;
}
