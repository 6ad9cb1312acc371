import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mysqlStatement } from '../../../src/database/sql/mysql-statement.ts';
import { postgresStatement } from '../../../src/database/sql/postgres-statement.ts';
import { createSqlDatabase, type SqlDatabase } from '../../../src/database/sql/sql-database.ts';
import { readStatement } from '../../../src/policy/sql/read-statement.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { createTestDatabase, describePostgres, withClient } from '../../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';

reportMariadb('connections that MariaDB ends are not tested');

interface Server {
  /** Sends a query that takes the server some time. */
  readonly query: () => Promise<unknown>;
  readonly countConnections: () => Promise<number>;
  /** Ends all connections of Usher, as a restart does. */
  readonly endConnections: () => Promise<unknown>;
}

function itReconnects(at: () => Server): void {
  it('causes no failed request, however many connections were open', async () => {
    const { query, countConnections, endConnections } = at();
    const queryMany = () => Promise.all(Array.from({ length: 64 }, query));
    do await queryMany();
    while ((await countConnections()) < 4);
    await endConnections();
    await expect(query()).resolves.toMatchObject({ rows: [['found']] });
    await queryMany();
    await endConnections();
    await expect(queryMany()).resolves.toHaveLength(64);
  });
}

describePostgres('a server that ends its connections', (server) => {
  let opened: Server | undefined;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const made = await createTestDatabase(server, 'template1');
    const sessions = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    const query = (sql: string) => withClient(made.url, (client) => client.query(sql));
    const database = open('postgres', made.url);
    const statement = postgresStatement(
      readStatement(
        "SELECT 'found' AS v FROM (SELECT pg_sleep(0.02)) AS s WHERE :id <> ''",
        'postgres',
        ['id'],
      ),
    );
    opened = {
      query: () => database.execute({ statement, values: statement.binds.map(() => '8') }),
      countConnections: async () => (await query(`SELECT pid ${sessions}`)).rows.length,
      endConnections: () => query(`SELECT pg_terminate_backend(pid, 10000) ${sessions}`),
    };
    close = async () => {
      await database.close();
      await made.drop();
    };
  });
  afterAll(() => close());
  itReconnects(() => opened!);
});

describeMariadb('a server that ends its connections (MariaDB)', () => {
  const server = useMariadb();
  let database: SqlDatabase | undefined;
  let opened: Server | undefined;
  beforeAll(() => {
    const client = open('mysql', new Secret(server.url));
    const statement = mysqlStatement(
      readStatement("SELECT 'found' AS v FROM (SELECT SLEEP(0.02)) AS s WHERE :id <> ''", 'mysql', [
        'id',
      ]),
    );
    const sessions = async () => {
      const [rows] = await server.admin.query<RowDataPacket[]>(
        "SELECT id FROM information_schema.processlist WHERE command <> 'Daemon' AND id <> connection_id()",
      );
      return rows.map((row) => String(row['id']));
    };
    opened = {
      query: () => client.execute({ statement, values: statement.binds.map(() => '8') }),
      countConnections: async () => (await sessions()).length,
      endConnections: async () => {
        for (const id of await sessions()) await server.admin.query(`KILL ${id}`);
      },
    };
    database = client;
  });
  afterAll(() => database?.close());
  itReconnects(() => opened!);
});

const open = (kind: 'postgres' | 'mysql', url: Secret): SqlDatabase =>
  createSqlDatabase({
    dependency: 'shop',
    kind,
    url,
    settings: { timeoutMs: 30_000 },
    ...systemClock,
  });
