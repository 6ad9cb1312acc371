import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { testListContract } from '../../contract/sql-list.ts';
import { createTestDatabase, describePostgres } from '../../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts } from './source-facts.ts';

reportMariadb('lists by SQL on MariaDB are not tested');

describePostgres('lists by SQL', (server) => {
  let database: Awaited<ReturnType<typeof createTestDatabase>> | undefined;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase(server, 'template1');
    client = new Client({ connectionString: database.url.reveal() });
    await client.connect();
    await client.query(
      'CREATE TABLE members (project_id bigint, user_id varchar(400), region varchar(20))',
    );
  });
  afterAll(async () => {
    await client.end();
    await database?.drop();
  });
  testListContract(() => ({
    run: (sql) => client.query(sql),
    open: (policy) => openSourceFacts(database!.url.reveal(), policy),
    typesWithoutId: [
      ...['1.5', 'true', 'now()', "ARRAY['a']", "'{}'::jsonb", "'\\x61'::bytea"],
      ...["'10.0.0.1'::inet", "'8'::money"],
    ],
  }));
});

describeMariadb('lists by SQL (MariaDB)', () => {
  const server = useMariadb();
  beforeAll(async () => {
    await server.admin.query(`SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`);
    await server.admin
      .query(`CREATE TABLE members (project_id bigint, user_id varchar(400), region varchar(20))
      CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  });
  testListContract(() => ({
    run: (sql) => server.admin.query(sql),
    open: (policy) => openSourceFacts(server.url, policy),
    typesWithoutId: ['1.5', 'now()', '1e0', "UNHEX('61')"],
  }));
});
