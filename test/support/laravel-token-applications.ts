import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll } from 'vitest';
import {
  createApplicationDatabase,
  type ApplicationDatabase,
} from '../../src/database/application/application-database.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { createTestDatabase, describePostgres, withClient } from './database.ts';
import { describeMariadb, reportMariadb, useMariadb } from './mariadb.ts';

/** The type of the ids of the application's models. */
export type Keys = 'bigint' | 'uuid' | 'ulid';

type Value = string | number | boolean | null;

/** An application with Laravel's tables of tokens, in PostgreSQL or MariaDB. */
export interface TokenApplication {
  readonly url: Secret;
  readonly client: ApplicationDatabase;
  /** A client by another time zone of the columns. */
  readonly clientIn: (timeZone: string) => ApplicationDatabase;
  /** Replaces all rows of a table. */
  readonly put: (table: string, rows: readonly Readonly<Record<string, Value>>[]) => Promise<void>;
  readonly run: (sql: string) => Promise<unknown>;
}

/** The types by which Laravel 11's schema builder creates the columns of its migrations. */
const types = {
  postgres: {
    bigint: 'bigint',
    uuid: 'uuid',
    ulid: 'char(26)',
    time: 'timestamp(0) without time zone',
    flag: 'boolean',
  },
  mariadb: {
    bigint: 'bigint unsigned',
    uuid: 'char(36)',
    ulid: 'char(26)',
    time: 'timestamp',
    flag: 'tinyint(1)',
  },
} as const;

/** Laravel's default collation, which ignores case. */
const mariadbTable = 'DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

/**
 * `personal_access_tokens` with the columns of `2019_12_14_000001_create_personal_access_tokens_table.php` of Laravel
 * Sanctum v4.0.1 (`$table->id()`, `morphs`, `uuidMorphs` or `ulidMorphs`), and `oauth_access_tokens` with those of
 * `2016_06_01_000002_create_oauth_access_tokens_table.php` of Laravel Passport v12.3.0.
 */
const tables = (kind: keyof typeof types, keys: Keys, tokenKeys: Keys): readonly string[] => {
  const { time, flag, ...key } = types[kind];
  const id = tokenKeys === 'bigint' && kind === 'postgres' ? 'bigserial' : key[tokenKeys];
  const end = kind === 'mariadb' ? mariadbTable : '';
  return [
    `CREATE TABLE personal_access_tokens (id ${id} PRIMARY KEY, tokenable_type varchar(255) NOT NULL,
       tokenable_id ${key[keys]} NOT NULL, name varchar(255) NOT NULL, token varchar(64) NOT NULL UNIQUE,
       abilities text NULL, last_used_at ${time} NULL, expires_at ${time} NULL, created_at ${time} NULL,
       updated_at ${time} NULL) ${end}`,
    `CREATE TABLE oauth_access_tokens (id varchar(100) PRIMARY KEY, user_id ${key[keys]} NULL,
       client_id ${key.bigint} NOT NULL, name varchar(255) NULL, scopes text NULL, revoked ${flag} NOT NULL,
       created_at ${time} NULL, updated_at ${time} NULL,
       expires_at ${kind === 'mariadb' ? 'datetime' : time} NULL) ${end}`,
  ];
};

/** Runs a suite on every available database: each PostgreSQL, and its own MariaDB. */
export function describeTokenApplications(
  title: string,
  { keys, tokenKeys = 'bigint' }: { readonly keys: Keys; readonly tokenKeys?: Keys },
  suite: (application: TokenApplication) => void,
): void {
  describePostgres(`${title} in PostgreSQL`, (server) => {
    suite(useApplication(() => openPostgres(server, tables('postgres', keys, tokenKeys))));
  });
  reportMariadb(`${title} in MariaDB`);
  describeMariadb(`${title} in MariaDB`, () => {
    const server = useMariadb();
    suite(useApplication(() => openMariadb(server, tables('mariadb', keys, tokenKeys))));
  });
}

interface Opened extends Pick<TokenApplication, 'url' | 'run'> {
  readonly insert: (table: string, row: Readonly<Record<string, Value>>) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

function useApplication(open: () => Promise<Opened>): TokenApplication {
  let opened: Opened | undefined;
  const clients: ApplicationDatabase[] = [];
  const clientIn = (timeZone: string) => {
    const client = createApplicationDatabase({ url: opened!.url, timeZone, timeoutMs: 30_000 });
    clients.push(client);
    return client;
  };
  let client: ApplicationDatabase | undefined;
  beforeAll(async () => {
    opened = await open();
    client = clientIn('UTC');
  });
  afterAll(async () => {
    await Promise.all(clients.map((each) => each.close()));
    await opened?.close();
  });
  return {
    get url() {
      return opened!.url;
    },
    get client() {
      return client!;
    },
    clientIn,
    put: async (table, rows) => {
      await opened!.run(`TRUNCATE ${table}`);
      for (const row of rows) await opened!.insert(table, row);
    },
    run: (sql) => opened!.run(sql),
  };
}

async function openPostgres(
  server: Parameters<typeof createTestDatabase>[0],
  statements: readonly string[],
): Promise<Opened> {
  const { url, drop } = await createTestDatabase(server, 'template1');
  const run = (sql: string) => withClient(url, (admin) => admin.query(sql));
  for (const sql of statements) await run(sql);
  return {
    url,
    run,
    insert: (table, row) =>
      withClient(url, (admin) =>
        admin.query(
          insertOf(table, row, (place) => `$${place}`),
          Object.values(row),
        ),
      ),
    close: drop,
  };
}

async function openMariadb(
  { url, admin }: { readonly url: string; readonly admin: Connection },
  statements: readonly string[],
): Promise<Opened> {
  for (const sql of statements) await admin.query(sql);
  return {
    url: new Secret(url),
    run: (sql) => admin.query(sql),
    insert: (table, row) =>
      admin.execute(
        insertOf(table, row, () => '?'),
        Object.values(row),
      ),
    close: () => Promise.resolve(),
  };
}

function insertOf(
  table: string,
  row: Readonly<Record<string, Value>>,
  parameter: (place: number) => string,
): string {
  const names = Object.keys(row);
  const values = names.map((_name, i) => parameter(i + 1));
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${values.join(', ')})`;
}
