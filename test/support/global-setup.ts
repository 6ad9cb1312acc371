import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import type { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { cleanUpAfterExit } from './clean-up.ts';
import type { TestServer } from './database.ts';
import { reportSkipped } from './skipped.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresServers: readonly TestServer[];
    /** A directory for files of tests. It is removed after the run. */
    runDirectory: string;
    redisUrl: string | undefined;
  }
}

const externalUrl =
  process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';

const redisUrl = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** Starts one embedded cluster for the whole run, and uses the external server if there is one. Both are left unchanged. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-'));
  // As root, the server runs as another user, which needs access to its parent directory.
  await chmod(directory, 0o711);
  cleanUpAfterExit(directory);
  project.provide('runDirectory', directory);
  let embedded: EmbeddedPostgres | undefined;
  const servers: TestServer[] = [];
  const teardown = async () => {
    for (const server of servers) await dropDatabases(server);
    await embedded?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const log = { info: console.log, error: console.error };
    embedded = await startEmbeddedPostgres({ dataDir: join(directory, 'data'), log });
    await skipFsync(embedded.url.reveal());
    servers.push(await prepareServer('embedded PostgreSQL', embedded.url.reveal()));
    if (project.config.name === 'quick') {
      console.log('Skipped: a second PostgreSQL, and the suites that `npm run test:all` adds.');
    } else if (await isReachable(externalUrl)) {
      servers.push(await prepareServer('PostgreSQL outside', externalUrl));
    } else {
      reportSkipped(
        'postgres',
        'no PostgreSQL at TEST_DATABASE_URL or 127.0.0.1:5432; the embedded one stands for it',
      );
    }
    // `npm test` has run these suites on the embedded server.
    const isRepetition = project.config.name === 'outside' && servers.length > 1;
    project.provide('postgresServers', isRepetition ? servers.slice(1) : servers);
    const hasRedis = await redisResponds();
    if (!hasRedis) {
      reportSkipped('redis', 'no Redis at TEST_REDIS_URL or 127.0.0.1:6379; its tests do not run');
    }
    project.provide('redisUrl', hasRedis ? redisUrl : undefined);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

/** The shared cluster is removed after the run, so it needs no durability; tests of durability start their own. */
async function skipFsync(url: string): Promise<void> {
  const admin = await connected(url);
  await admin.query('ALTER SYSTEM SET fsync = off');
  await admin.query('ALTER SYSTEM SET full_page_writes = off');
  await admin.query('SELECT pg_reload_conf()');
  await admin.end();
}

async function redisResponds(): Promise<boolean> {
  const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Creates the migrated database that is the template of the database of each test file. */
async function prepareServer(name: string, url: string): Promise<TestServer> {
  const prefix = `usher_test_${randomBytes(4).toString('hex')}`;
  const template = `${prefix}_template`;
  const admin = await connected(url);
  await admin.query(`CREATE DATABASE ${template}`);
  await admin.end();
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${template}`;
  const { role } = await prepareDatabase(new Secret(templateUrl.href));
  return { name, url, prefix, template, role };
}

/** Also those of tests that failed before they could drop their own. */
async function dropDatabases({ url, prefix }: TestServer): Promise<void> {
  const admin = await connected(url);
  const { rows } = await admin.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
}

async function isReachable(url: string): Promise<boolean> {
  try {
    await (await connected(url)).end();
    return true;
  } catch {
    return false;
  }
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
