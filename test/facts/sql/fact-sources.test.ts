import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { createPushedFacts } from '../../../src/facts/pushed-facts.ts';
import {
  contractFields,
  holdToFactContract,
  type ContractFact,
  type FactSourceAtHand,
} from '../../contract/fact-source.ts';
import { createTestDatabase, describePostgres, useDatabase } from '../../support/database.ts';
import { loadPolicyText } from '../../support/load-policy-text.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openHostFacts, type HostFacts } from './host-facts.ts';

reportMariadb('facts by SQL on MariaDB are not tested');

const query =
  'SELECT role, seats, rating, active, since, tags, note FROM members WHERE project_id = :project AND user_id = :user';

const kindsWith = (query: string) => `
facts:
  member:
    ids: [project, user]
    fields: ${contractFields}
    sql: { source: shop, query: '${query}' }
`;

describePostgres('pushed facts', (server) => {
  const at = useDatabase(server);
  let source: FactSourceAtHand | undefined;
  beforeAll(async () => {
    const text = `facts:\n  member: { ids: [project, user], fields: ${contractFields} }`;
    const kind = (await loadPolicyText(text)).factKinds.get('member')!;
    const facts = createPushedFacts(at.database);
    source = {
      ...{ kind, find: facts.find },
      put: async (ids, fact) => {
        await facts.put(kind, ids, { ...fact, since: fact.since.toISOString() });
      },
      remove: async (ids) => {
        await facts.remove(kind, ids);
      },
    };
  });
  holdToFactContract(() => source!);
});

describePostgres('facts by SQL', (server) => {
  let [database, opened]: [Awaited<ReturnType<typeof createTestDatabase>>?, HostFacts?] = [];
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase(server, 'template1');
    client = new Client({ connectionString: database.url.reveal() });
    await client.connect();
    await client.query(`
      ALTER DATABASE ${client.database} SET TimeZone = 'America/Los_Angeles';
      ALTER DATABASE ${client.database} SET DateStyle = 'SQL, DMY';
      CREATE TABLE members (project_id bigint, user_id text, role text, seats bigint, rating float8, active bool,
        since timestamptz, tags text[], note text, PRIMARY KEY (project_id, user_id))`);
    opened = await openHostFacts(database.url.reveal(), kindsWith(query));
  });
  afterAll(async () => {
    await opened?.hosts.close();
    await client.end();
    await database?.drop();
  });
  const remove = async (ids: readonly string[]) => {
    await client.query('DELETE FROM members WHERE project_id = $1 AND user_id = $2', [...ids]);
  };
  holdToFactContract(() => ({
    ...{ kind: opened!.kind('member'), find: opened!.hosts.find, remove },
    put: async (ids, fact) => {
      await remove(ids);
      await client.query('INSERT INTO members VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
        ...ids,
        ...columnsOf({ ...fact }),
        fact.note,
      ]);
    },
  }));
});

const columnsOf = ({ role, seats, rating, active, since, tags }: ContractFact) =>
  [role, seats, rating, active, since.toISOString(), [...tags]] as const;

describeMariadb('facts by SQL (MariaDB)', () => {
  const server = useMariadb();
  let opened: HostFacts | undefined;
  beforeAll(async () => {
    await server.admin.query(`SET GLOBAL time_zone = '-08:00'`);
    await server.admin.query(`SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`);
    await server.admin
      .query(`CREATE TABLE members (project_id bigint, user_id varchar(100), role varchar(20), seats bigint,
      rating double, active boolean, since datetime(3), tags json, note text, PRIMARY KEY (project_id, user_id))
      CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    opened = await openHostFacts(server.url, kindsWith(query));
  });
  afterAll(() => opened?.hosts.close());
  const remove = async (ids: readonly string[]) => {
    await server.admin.execute('DELETE FROM members WHERE project_id = ? AND user_id = ?', [
      ...ids,
    ]);
  };
  holdToFactContract(() => ({
    ...{ kind: opened!.kind('member'), find: opened!.hosts.find, remove },
    put: async (ids, fact) => {
      await remove(ids);
      const [role, seats, rating, active, since, tags] = columnsOf(fact);
      await server.admin.execute('INSERT INTO members VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
        ...[...ids, role, seats, rating, active, since.slice(0, -1)],
        ...[JSON.stringify(tags), fact.note ?? null],
      ]);
    },
  }));
});
