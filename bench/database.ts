import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.ts';
import { prepareDatabase } from '../src/database/prepare-database.ts';
import { ownSchema } from '../src/database/schema.ts';
import { Secret } from '../src/runtime/secret.ts';
import type { Cleanup } from './cleanup.ts';

/** The PostgreSQL server of a run. */
export interface Postgres {
  readonly description: string;
  /** Creates a database, migrated by default, and returns its URL. `cleanup` drops it. */
  readonly create: (state?: 'migrated' | 'empty') => Promise<string>;
}

/** Connects to `DATABASE_URL`, `TEST_DATABASE_URL` or port 5432 of this machine. Starts an embedded server if that is unreachable. */
export async function openPostgres(cleanup: Cleanup): Promise<Postgres> {
  const outside =
    process.env['DATABASE_URL'] ??
    process.env['TEST_DATABASE_URL'] ??
    'postgres://postgres@127.0.0.1:5432/postgres';
  const found = await versionOf(outside).catch(() => undefined);
  const url = found === undefined ? await startEmbedded(cleanup) : outside;
  const version = found ?? (await versionOf(url));
  const description = `PostgreSQL ${version}${found === undefined ? ', embedded' : ''}`;
  return {
    description,
    create: async (state = 'migrated') => {
      const created = await createDatabase(cleanup, url);
      if (state === 'migrated') await prepareDatabase(new Secret(created));
      return created;
    },
  };
}

/** Runs queries on a new connection whose search path has Usher's tables. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SET search_path = ${ownSchema}, public`);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Process ids of the open sessions of a database. */
export function sessionsOf(url: string): Promise<readonly number[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rows.map(({ pid }) => pid);
  });
}

function versionOf(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version.split(' ')[0] ?? '?';
  });
}

async function startEmbedded(cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-postgres-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  // As root, the embedded server runs as another user, which needs access to its parent directory.
  await chmod(directory, 0o711);
  const log = { info: () => undefined, error: console.error };
  const embedded = await startEmbeddedPostgres({ dataDir: join(directory, 'data'), log });
  cleanup.add(() => embedded.stop());
  return embedded.url.reveal();
}

async function createDatabase(cleanup: Cleanup, server: string): Promise<string> {
  const name = `usher_bench_${randomBytes(6).toString('hex')}`;
  await withClient(server, (admin) => admin.query(`CREATE DATABASE ${name}`));
  cleanup.add(async () => {
    await withClient(server, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
