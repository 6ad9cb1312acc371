import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import type { Cleanup } from './cleanup.ts';
import { withClient } from './database.ts';
import { ownerOf } from './facts.ts';

/** The table of the application, with types of both MariaDB and PostgreSQL. */
const table =
  'CREATE TABLE orders (id bigint PRIMARY KEY, owner_id varchar(40) NOT NULL, note varchar(200) NOT NULL)';

/** Rows per INSERT statement. */
const chunk = 1_000;

function insertsOf(rows: number): readonly string[] {
  const values = Array.from({ length: rows }, (_, row) => `(${row}, '${ownerOf(row)}', 'paid')`);
  return Array.from({ length: Math.ceil(rows / chunk) }, (_, i) => {
    return `INSERT INTO orders VALUES ${values.slice(i * chunk, (i + 1) * chunk).join(', ')}`;
  });
}

/** Creates and fills the application's table in PostgreSQL. */
export async function fillPostgres(url: string, rows: number): Promise<void> {
  await withClient(url, async (client) => {
    // `withClient` puts Usher's schema first.
    await client.query('SET search_path = public');
    for (const statement of [table, ...insertsOf(rows)]) await client.query(statement);
    await client.query('VACUUM ANALYZE orders');
  });
}

const defaultMariadb = 'mysql://root@127.0.0.1:3306';

/** Creates and fills the application's table in MariaDB at `BENCH_MARIADB_URL`; `undefined` if it is unreachable. */
export async function fillMariadb(
  cleanup: Cleanup,
  rows: number,
): Promise<{ readonly url: string; readonly description: string } | undefined> {
  const server = process.env['BENCH_MARIADB_URL'] ?? defaultMariadb;
  const admin = await createConnection(server).catch(() => undefined);
  if (admin === undefined) return undefined;
  const name = `usher_bench_${randomBytes(6).toString('hex')}`;
  cleanup.add(async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name}`);
    await admin.end();
  });
  for (const statement of [`CREATE DATABASE ${name}`, `USE ${name}`, table, ...insertsOf(rows)]) {
    await admin.query(statement);
  }
  const [[found]] = (await admin.query('SELECT VERSION() AS version')) as unknown as [
    [{ readonly version: string }],
  ];
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  return { url, description: `MariaDB ${found.version.split('-')[0] ?? '?'}` };
}

const schema = `generator client {
  provider               = "prisma-client"
  output                 = "client"
  runtime                = "nodejs"
  moduleFormat           = "esm"
  generatedFileExtension = "ts"
  importFileExtension    = "ts"
}

datasource db {
  provider = "postgresql"
}

model Order {
  id       BigInt @id
  owner_id String
  note     String

  @@map("orders")
}
`;

const project = fileURLToPath(new URL('..', import.meta.url));

/** Generates a Prisma client for the application's table and returns its path. */
export async function generateClient(directory: string): Promise<string> {
  const folder = join(directory, 'orders');
  await mkdir(folder);
  await writeFile(join(folder, 'schema.prisma'), schema);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  // The generated files import the packages of Prisma.
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  const prisma = join(project, 'node_modules', '.bin', 'prisma');
  await promisify(execFile)(prisma, ['generate', '--schema', join(folder, 'schema.prisma')], {
    cwd: project,
  });
  return join(folder, 'client', 'client.ts');
}
