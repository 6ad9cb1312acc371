import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { Database } from '../../src/database/client.ts';
import { createDatabase } from '../../src/database/client.ts';
import { ownSchema } from '../../src/database/schema.ts';
import { Secret } from '../../src/runtime/secret.ts';

/** An available PostgreSQL server, with a migrated database to copy; see `global-setup.ts`. */
export interface TestServer {
  readonly name: string;
  /** The URL of an administrator's login. */
  readonly url: string;
  /** Prefix of the names of this run's databases. */
  readonly prefix: string;
  readonly template: string;
  readonly role: string | undefined;
}

const servers = inject('postgresServers');

/** The server of suites that need only one: the embedded one, if it is available. */
export const defaultServer: TestServer = servers[0]!;

/** Runs a suite on every available PostgreSQL: the embedded one, and the external one if there is one. */
export function describePostgres(title: string, suite: (server: TestServer) => void): void {
  describe.each(servers.map((server) => ({ server, name: server.name })))(
    `${title} ($name)`,
    ({ server }) => {
      suite(server);
    },
  );
}

/** A database of one's own. */
export interface TestDatabase {
  /** The administrator's login on it. */
  readonly url: Secret;
  readonly drop: () => Promise<void>;
}

/** Creates a database, migrated unless `template` says otherwise (`template1` is an empty one). */
export async function createTestDatabase(
  server: TestServer = defaultServer,
  template: string = server.template,
): Promise<TestDatabase> {
  const name = `${server.prefix}_${randomBytes(6).toString('hex')}`;
  await withClient(server.url, (admin) =>
    admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`),
  );
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: new Secret(url.href),
    drop: async () => {
      await withClient(server.url, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** A migrated database for the tests of one `describe`, and the service's client of it. Call it in the suite, use it in tests. */
export function useDatabase(server: TestServer = defaultServer): {
  readonly url: Secret;
  readonly database: Database;
} {
  let made: TestDatabase | undefined;
  let database: Database | undefined;
  beforeAll(async () => {
    made = await createTestDatabase(server);
    database = createDatabase({ url: made.url, role: server.role, timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await database?.close();
    await made?.drop();
  });
  return {
    get url() {
      return made!.url;
    },
    get database() {
      return database!;
    },
  };
}

/** Runs queries on a new connection whose search path has our schema. */
export async function withClient<T>(
  url: Secret | string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: typeof url === 'string' ? url : url.reveal() });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SET search_path = ${ownSchema}, public`);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
