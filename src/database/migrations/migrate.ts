import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { StartRefused } from '../../runtime/start-refused.ts';

/** A migration, as its file contains it. */
interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The table of Prisma, so that `prisma migrate` and this runner share one history. */
const migrationsTable = `CREATE TABLE _prisma_migrations (
  id varchar(36) PRIMARY KEY,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

/**
 * Applies the migrations in `directory` that are missing in this database, in order, and resolves to their names.
 * Throws `StartRefused` if an applied migration was edited or had failed; nothing further is applied then. Additional
 * migrations in the database are accepted: a newer Usher may run at the same time. The caller must hold the lock of
 * `prisma migrate` and have begun a transaction, so that either all migrations are applied or none.
 */
export async function migrate(client: Client, directory: string): Promise<readonly string[]> {
  const migrations = await readMigrations(directory);
  const applied = await readApplied(client);
  const edited = migrations.find(
    ({ name, checksum }) => (applied.get(name) ?? checksum) !== checksum,
  );
  if (edited !== undefined) {
    throw new StartRefused(
      `Migration ${edited.name} was changed after it was applied to this database; restore its file and write a new migration instead.`,
    );
  }
  const missing = migrations.filter(({ name }) => !applied.has(name));
  for (const migration of missing) await apply(client, migration);
  return missing.map(({ name }) => name);
}

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** Reads the checksums of the applied migrations, by name. */
async function readApplied(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows: tables } = await client.query<{ name: string | null }>(
    `SELECT to_regclass('_prisma_migrations')::text AS name`,
  );
  // Not CREATE … IF NOT EXISTS: it needs the permission to create even if the table exists.
  if (tables[0]?.name === null) await client.query(migrationsTable);
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const failed = rows.find(({ finished }) => !finished);
  if (failed !== undefined) {
    throw new StartRefused(
      `Migration ${failed.name} failed or was interrupted in this database; repair it with "prisma migrate resolve" and start again.`,
    );
  }
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

/** Applies one migration and inserts its row, within the caller's transaction. */
async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) throw error;
    // Only messages of class 42 (syntax, names, permissions) are about the schema. Messages of other classes may quote
    // a row.
    const why = code.startsWith('42') ? `${String(message)} (${code})` : `SQLSTATE ${code}`;
    throw new StartRefused(
      `Migration ${name} could not be applied, and nothing of it was kept: ${why}.`,
    );
  }
}
