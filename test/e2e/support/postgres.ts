import { Client } from 'pg';

/** The PostgreSQL in which the suites of real hosts make their databases. */
export const postgres =
  process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Runs statements on their own connection. */
export async function withPostgres(url: string, statements: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}

/** All columns of these rows, byte for byte. */
export async function readRows(url: string, table: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ row: string }>(
      `SELECT one::text AS row FROM ${table} AS one ORDER BY 1`,
    );
    return rows.map(({ row }) => row);
  } finally {
    await client.end();
  }
}

export async function isPostgresReachable(): Promise<boolean> {
  try {
    await withPostgres(postgres, 'SELECT 1');
    return true;
  } catch {
    return false;
  }
}
