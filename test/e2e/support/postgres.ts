import { Client } from 'pg';

/** The PostgreSQL in which the suites of real hosts make their databases. */
export const postgres =
  process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

/** Runs statements in a connection of its own. */
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

export async function isPostgresReachable(): Promise<boolean> {
  try {
    await withPostgres(postgres, 'SELECT 1');
    return true;
  } catch {
    return false;
  }
}
