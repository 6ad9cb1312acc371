import type { Client } from 'pg';
import { databaseUnavailable } from '../errors.ts';
import { readExport, type Batch } from './read-export.ts';
import { lastMigration, transferredTables, type Counts } from './tables.ts';
import { TransferRefused } from './transfer-refused.ts';

/**
 * Imports an export into empty tables in one transaction, and resolves to the number of rows of each table. Until the
 * commit no other session can read or write these tables. The connection must have `row_security` off.
 * Throws `TransferRefused` and `Unavailable`; nothing is imported then.
 */
export async function importRows(
  client: Client,
  schema: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Counts> {
  const { tables, migration, forced } = await runQuery(() => begin(client, schema));
  await refuseRows(client, tables);
  const counts = Object.fromEntries(tables.map((table) => [table, 0]));
  for await (const batch of readExport(chunks, migration)) {
    const { table, lines, lastLine } = batch;
    if (!tables.includes(table)) {
      throw new TransferRefused(
        `Line ${lastLine} is a row of ${JSON.stringify(table)}, and this database has no such table to import into.`,
      );
    }
    await insert(client, batch);
    counts[table] = (counts[table] ?? 0) + lines.length;
  }
  await runQuery(async () => {
    for (const table of forced) await client.query(`ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);
    await client.query('COMMIT');
  });
  return counts;
}

/**
 * Locks the tables, and disables row-level security for their owner until the end of this transaction. Other
 * transactions do not see that.
 */
async function begin(client: Client, schema: string) {
  await client.query('BEGIN');
  const tables = await transferredTables(client, schema);
  const quoted = tables.map((table) => client.escapeIdentifier(table));
  await client.query(`LOCK TABLE ${quoted.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS name WHERE row_security_active(name::regclass)`,
    [quoted],
  );
  const forced = rows.map(({ name }) => name);
  for (const table of forced) {
    await client.query(`ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`);
  }
  return { tables, migration: await lastMigration(client), forced };
}

async function refuseRows(client: Client, tables: readonly string[]): Promise<void> {
  const filled: string[] = [];
  for (const table of tables) {
    const query = `SELECT FROM ${client.escapeIdentifier(table)} LIMIT 1`;
    const { rowCount } = await runQuery(() => client.query(query));
    if (rowCount !== 0) filled.push(table);
  }
  if (filled.length > 0) {
    throw new TransferRefused(
      `This database has rows already, in ${filled.join(', ')}. Import into a new database, before Usher is started on it.`,
    );
  }
}

async function insert(client: Client, { table, lines, lastLine }: Batch): Promise<void> {
  const name = client.escapeIdentifier(table);
  const text = `INSERT INTO ${name} SELECT r.* FROM unnest($1::text[]) AS line
    CROSS JOIN json_populate_record(NULL::${name}, line::json -> 'row') AS r`;
  try {
    await client.query(text, [lines]);
  } catch (error) {
    const code = codeOf(error);
    // SQLSTATE classes of a value that cannot be stored (22) and of a violated constraint (23).
    if (!/^2[23]/.test(code)) throw faultOf(error);
    const firstLine = lastLine - lines.length + 1;
    throw new TransferRefused(
      `The database refused a row of ${table} in lines ${firstLine} to ${lastLine} (${code}).`,
    );
  }
}

async function runQuery<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw faultOf(error);
  }
}

function faultOf(error: unknown): Error {
  const code = codeOf(error);
  if (code === '42501') {
    return new TransferRefused(
      'The login of DATABASE_URL may not import (42501). Import with the login that owns the tables, or that of an administrator.',
    );
  }
  if (code === '55P03') {
    return new TransferRefused(
      'Others use the tables of this database (55P03). Stop every Usher on it, and import again.',
    );
  }
  return databaseUnavailable(error);
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
