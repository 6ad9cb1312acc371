import type { ClientBase } from 'pg';
import { unobserved } from '../../runtime/observe.ts';
import { databaseUnavailable } from '../errors.ts';
import { createPool } from '../pool.ts';
import { isDirect } from '../pooler.ts';
import { serversOf } from '../servers.ts';
import { isStorable } from '../storable-text.ts';
import type { ApplicationDatabase, ApplicationDatabaseOptions } from './application-database.ts';

/** SQLSTATE of a text that is not a value of the type, or is out of its range. No such row can exist. */
const impossibleValues: ReadonlySet<unknown> = new Set(['22P02', '22003']);

/** Creates a read-only client of an application's PostgreSQL. */
export function createPostgresApplicationDatabase(
  options: ApplicationDatabaseOptions,
): ApplicationDatabase {
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
    selectId: (column) => `rtrim(concat(${column}, ''))`,
    // A column without a zone is read in the zone of the statement.
    selectTime: (column) => `(extract(epoch FROM ${column}::timestamptz) * 1000)::float8`,
    readTime: (selected) => (selected === null ? null : Number(selected)),
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    close: () => pool.end(),
  };
}

/**
 * The server cancels a slow statement. A frozen server cannot, so `query_timeout` is also needed. Behind a pooler
 * nothing is set: in transaction mode the application could get a session with these settings.
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
 * Sets the time zone for this statement only, so that it also works behind a pooler. The condition names no column, so
 * PostgreSQL evaluates it, and sets the zone, before it reads a row.
 */
function inTimeZone(query: string, place: number): string {
  return `WITH zone AS MATERIALIZED (SELECT set_config('TimeZone', $${place}, true) AS name)
    SELECT * FROM (${query}) AS found WHERE (SELECT name FROM zone) IS NOT NULL`;
}
