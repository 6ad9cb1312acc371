import type { Client } from 'pg';
import { databaseUnavailable } from '../errors.ts';
import { format, lastMigration, transferredTables, type Counts } from './tables.ts';
import { TransferRefused } from './transfer-refused.ts';

/** Maximum number of rows in memory. */
const batchSize = 500;

const notPermitted = '42501';

/**
 * Yields the rows of all tables from one snapshot, in chunks of whole lines. The first line is
 * `{"format","migration","created_at"}`. Each row is `{"table","row"}`, as `row_to_json` of PostgreSQL writes it. The
 * last line is `{"end"}` with the number of rows of each table; `counts` then has the same numbers. The connection must
 * have `row_security` off, so that a hidden row is an error.
 * Throws `TransferRefused` if the login may not read every row, and `Unavailable`.
 */
export async function* exportRows(
  client: Client,
  schema: string,
  counts: Record<string, number>,
): AsyncGenerator<string> {
  await runQuery(() => client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'));
  yield await runQuery(() => headerOf(client));
  for (const table of await runQuery(() => transferredTables(client, schema))) {
    counts[table] = 0;
    const source = client.escapeIdentifier(table);
    await runQuery(() =>
      client.query(
        `DECLARE exported NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS row FROM ${source} AS t`,
      ),
    );
    const fetch = () =>
      client.query<{ row: string }>(`FETCH ${String(batchSize)} FROM exported`).then(textsOf);
    for (let rows = await runQuery(fetch); rows.length > 0; rows = await runQuery(fetch)) {
      counts[table] += rows.length;
      yield rows.map((row) => `{"table":${JSON.stringify(table)},"row":${row}}\n`).join('');
    }
    await runQuery(() => client.query('CLOSE exported'));
  }
  await runQuery(() => client.query('COMMIT'));
  yield `${JSON.stringify({ end: counts satisfies Counts })}\n`;
}

function textsOf({ rows }: { readonly rows: readonly { readonly row: string }[] }) {
  return rows.map(({ row }) => row);
}

async function headerOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ header: string }>(
    `SELECT json_build_object('format', $1::int, 'migration', $2::text, 'created_at', now())::text AS header`,
    [format, await lastMigration(client)],
  );
  return `${rows[0]?.header ?? ''}\n`;
}

async function runQuery<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== notPermitted) {
      throw databaseUnavailable(error);
    }
    throw new TransferRefused(
      'The login of DATABASE_URL may not read every row (42501): row-level security holds for it, or it lacks SELECT. ' +
        'Export with the login of an administrator (SUPERUSER, or a member of usher_service with BYPASSRLS).',
    );
  }
}
