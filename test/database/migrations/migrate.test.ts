import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StartRefused } from '../../../src/runtime/start-refused.ts';
import { prepareDatabase } from '../../../src/database/prepare-database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { createTestDatabase, describePostgres, withClient } from '../../support/database.ts';

const ours = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const first = '20261121010000_facts_and_audit';

describePostgres('migrations', (server) => {
  let at: TestDatabase;
  let directory: string;

  beforeEach(async () => {
    at = await createTestDatabase(server, 'template0');
    directory = await mkdtemp(join(tmpdir(), 'usher-migrations-'));
    await cp(ours, directory, { recursive: true });
  });
  afterEach(async () => {
    await at.drop();
    await rm(directory, { recursive: true });
  });

  const query = (sql: string) => withClient(at.url, (client) => client.query(sql));
  const addMigration = async (name: string, sql: string) => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };
  const tables = async () => {
    const { rows } = await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'usher'`);
    return (rows as { tablename: string }[]).map(({ tablename }) => tablename);
  };

  it('creates the tables, and the row that prisma migrate would create', async () => {
    expect((await prepareDatabase(at.url)).applied).toContain(first);
    expect(await tables()).toEqual(
      expect.arrayContaining(['facts', 'fact_index', 'audit_log', 'security_events']),
    );
    const { rows } = await query(`SELECT migration_name, length(id) AS id, length(checksum) AS sum,
      applied_steps_count AS steps, logs, rolled_back_at, finished_at >= started_at AS finished
      FROM _prisma_migrations WHERE migration_name = '${first}'`);
    expect(rows).toEqual([
      {
        migration_name: first,
        id: 36,
        sum: 64,
        steps: 1,
        logs: null,
        rolled_back_at: null,
        finished: true,
      },
    ]);
  });

  it('applies missing migrations in order, each once', async () => {
    await prepareDatabase(at.url);
    await addMigration('29990102000000_second', 'INSERT INTO t VALUES (1)');
    await addMigration('29990101000000_first', 'CREATE TABLE t (n int)');
    expect((await prepareDatabase(at.url, { migrations: directory })).applied).toEqual([
      '29990101000000_first',
      '29990102000000_second',
    ]);
    expect((await prepareDatabase(at.url, { migrations: directory })).applied).toEqual([]);
    expect((await query('SELECT * FROM t')).rowCount).toBe(1);
  });

  it('is performed by exactly one of eight concurrent starts', async () => {
    await addMigration('29990101000000_counted', 'CREATE TABLE t (n int); SELECT pg_sleep(0.1)');
    const starts = Array.from({ length: 8 }, () =>
      prepareDatabase(at.url, { migrations: directory }),
    );
    const applied = (await Promise.all(starts)).map((start) => start.applied.length);
    expect(applied.filter((count) => count > 0)).toHaveLength(1);
    const { rows } = await query(
      'SELECT count(*)::int AS n FROM _prisma_migrations GROUP BY migration_name',
    );
    expect(new Set(rows.map((row: { n: number }) => row.n))).toEqual(new Set([1]));
  });

  it('waits for a running prisma migrate', async () => {
    await withClient(at.url, async (prisma) => {
      await prisma.query('SELECT pg_advisory_lock(72707369)');
      const start = prepareDatabase(at.url);
      const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369 AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      while ((await prisma.query(waiting)).rowCount === 0);
      expect(await tables()).toEqual([]);
      await prisma.query('SELECT pg_advisory_unlock(72707369)');
      expect((await start).applied).toContain(first);
    });
  });

  it('refuses to start if an applied migration was edited', async () => {
    await prepareDatabase(at.url, { migrations: directory });
    await appendFile(join(directory, first, 'migration.sql'), '\n-- an edit');
    const start = prepareDatabase(at.url, { migrations: directory });
    await expect(start).rejects.toThrow(StartRefused);
    await expect(start).rejects.toThrow(`Migration ${first} was changed after it was applied`);
  });

  it('refuses to start if a migration failed, until it was resolved', async () => {
    await prepareDatabase(at.url);
    await addMigration('29990101000000_later', 'CREATE TABLE t (n int)');
    await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name)
      VALUES ('x', 'y', '29990101000000_later')`);
    const start = prepareDatabase(at.url, { migrations: directory });
    await expect(start).rejects.toThrow(StartRefused);
    await expect(start).rejects.toThrow('Migration 29990101000000_later failed');
    await query(`UPDATE _prisma_migrations SET rolled_back_at = now() WHERE id = 'x'`);
    expect((await prepareDatabase(at.url, { migrations: directory })).applied).toEqual([
      '29990101000000_later',
    ]);
  });

  it('accepts migrations of a newer Usher', async () => {
    await addMigration('29990101000000_newer', 'CREATE TABLE t (n int)');
    await prepareDatabase(at.url, { migrations: directory });
    expect((await prepareDatabase(at.url)).applied).toEqual([]);
  });

  it('rolls back a start whose last migration fails, reports the reason, and quotes no row', async () => {
    await addMigration(
      '29990101000000_bad',
      `CREATE TABLE t (n int UNIQUE); INSERT INTO nowhere VALUES (1)`,
    );
    const start = prepareDatabase(at.url, { migrations: directory });
    await expect(start).rejects.toThrow(StartRefused);
    await expect(start).rejects.toThrow('relation "nowhere" does not exist (42P01)');
    expect(await tables()).not.toContain('t');
    await writeFile(
      join(directory, '29990101000000_bad', 'migration.sql'),
      `SELECT 'private words'::int`,
    );
    const second: unknown = await prepareDatabase(at.url, { migrations: directory }).catch(
      (e: unknown) => e,
    );
    expect(String(second)).toContain('SQLSTATE 22P02');
    expect(String(second)).not.toContain('private words');
    expect(await tables()).toEqual([]);
    await rm(join(directory, '29990101000000_bad'), { recursive: true });
    expect((await prepareDatabase(at.url, { migrations: directory })).applied).toContain(first);
  });

  it('commits a migration together with its row', async () => {
    await addMigration(
      '29990101000000_rowless',
      `CREATE TABLE t (n int);
       ALTER TABLE _prisma_migrations ADD CHECK (migration_name <> '29990101000000_rowless')`,
    );
    await expect(prepareDatabase(at.url, { migrations: directory })).rejects.toThrow(
      'SQLSTATE 23514',
    );
    expect(await tables()).not.toContain('t');
  });
});
