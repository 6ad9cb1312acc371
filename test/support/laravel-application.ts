import type { Connection } from 'mysql2/promise';
import type { Secret } from '../../src/runtime/secret.ts';
import { createTestDatabase, withClient, type TestServer } from './database.ts';
import type { LaravelCase, LaravelRows } from './laravel-vectors.ts';

/** A database with Laravel's tables, as its migrations make them. */
export interface LaravelTestApplication {
  readonly url: Secret | string;
  /** Puts the rows of a case in place of all others. */
  readonly fill: (rows: LaravelRows) => Promise<void>;
}

type KeyType = LaravelCase['settings']['key_type'];

const userTables = ['users', 'admins'] as const;

/** Creates the database of a Laravel application in PostgreSQL. */
export async function createPostgresLaravel(
  server: TestServer,
  keyType: KeyType,
): Promise<LaravelTestApplication & { readonly url: Secret; readonly drop: () => Promise<void> }> {
  const { url, drop } = await createTestDatabase(server, 'template1');
  const id = keyType === 'int' ? 'bigint' : 'uuid';
  await withClient(url, (admin) =>
    admin.query(`
      CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id ${id}, ip_address varchar(45),
        user_agent text, payload text NOT NULL, last_activity integer NOT NULL);
      CREATE TABLE users (id ${id} PRIMARY KEY, name varchar(255), password varchar(255),
        deleted_at timestamp(0));
      CREATE TABLE admins (LIKE users INCLUDING ALL)`),
  );
  const fill = (rows: LaravelRows) =>
    withClient(url, async (admin) => {
      await admin.query('TRUNCATE sessions, users, admins');
      for (const [sql, values] of inserts(rows)) {
        const parts = sql.split('?');
        const numbered = parts.slice(1).map((part, i) => `$${i + 1}${part}`);
        await admin.query([parts[0], ...numbered].join(''), [...values]);
      }
    });
  return { url, fill, drop };
}

/** Creates the tables of a Laravel application in MySQL or MariaDB, with its default collation, which ignores case. */
export async function createMysqlLaravel(
  { url, admin }: { readonly url: string; readonly admin: Connection },
  keyType: KeyType,
): Promise<LaravelTestApplication> {
  const id = keyType === 'int' ? 'bigint unsigned' : 'char(36)';
  const collation = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';
  await admin.query('DROP TABLE IF EXISTS sessions, users, admins');
  await admin.query(`
    CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id ${id}, ip_address varchar(45),
      user_agent text, payload longtext NOT NULL, last_activity int NOT NULL) ${collation}`);
  for (const table of userTables) {
    await admin.query(`
      CREATE TABLE ${table} (id ${id} PRIMARY KEY, name varchar(255), password varchar(255),
        deleted_at timestamp NULL) ${collation}`);
  }
  const fill = async (rows: LaravelRows) => {
    for (const table of ['sessions', ...userTables]) await admin.query(`TRUNCATE ${table}`);
    for (const [sql, values] of inserts(rows)) await admin.execute(sql, [...values]);
  };
  return { url, fill };
}

type Insert = readonly [sql: string, values: readonly (string | number | null)[]];

function inserts(rows: LaravelRows): readonly Insert[] {
  return [
    ...rows.sessions.map(({ id, payload, last_activity }): Insert => [
      'INSERT INTO sessions (id, payload, last_activity) VALUES (?, ?, ?)',
      [id, payload, last_activity],
    ]),
    ...userTables.flatMap((table) =>
      (rows[table] ?? []).map(({ id, password, deleted_at = null }): Insert => [
        `INSERT INTO ${table} (id, password, deleted_at) VALUES (?, ?, ?)`,
        [id, password, deleted_at],
      ]),
    ),
  ];
}

/** The settings by which Usher reads the application of a case. */
export const laravelEnvironment = (url: string, { settings }: LaravelCase) => ({
  SESSION_MODE: 'laravel',
  SESSION_COOKIE_NAME: settings.session_cookie,
  LARAVEL_DATABASE_URL: url,
  LARAVEL_APP_KEY: settings.APP_KEY,
  LARAVEL_APP_PREVIOUS_KEYS: settings.APP_PREVIOUS_KEYS,
  LARAVEL_CIPHER: settings.cipher,
  LARAVEL_GUARD: settings.guard,
  LARAVEL_GUARD_CLASS: settings.guard_class,
});
