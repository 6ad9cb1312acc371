import { afterAll, beforeAll, describe } from 'vitest';
import { createHttpFacts } from '../../src/facts/http-facts.ts';
import { createApplicationClient } from '../../src/application/application-client.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { json, plain, startScriptedApplication } from '../application/scripted-application.ts';
import { createPushedFacts } from '../../src/facts/pushed-facts.ts';
import {
  contractFields,
  testFactContract,
  type ContractFact,
  type FactSourceAtHand,
} from '../contract/fact-source.ts';
import { describePostgres, useDatabase } from '../support/database.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './sql/source-facts.ts';
import { usePostgresFacts } from './sql/postgres-facts.ts';

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
      kind,
      find: facts.find,
      put: async (ids, fact) => {
        await facts.put(kind, ids, { ...fact, since: fact.since.toISOString() });
      },
      remove: async (ids) => {
        await facts.remove(kind, ids);
      },
    };
  });
  testFactContract(() => source!);
});

describePostgres('facts by SQL', (server) => {
  const at = usePostgresFacts(server, async (client) => {
    await client.query(`
      ALTER DATABASE ${client.database} SET TimeZone = 'America/Los_Angeles';
      ALTER DATABASE ${client.database} SET DateStyle = 'SQL, DMY';
      CREATE TABLE members (project_id bigint, user_id text, role text, seats bigint, rating float8, active bool,
        since timestamptz, tags text[], note text, PRIMARY KEY (project_id, user_id))`);
    return kindsWith(query);
  });
  const remove = async (ids: readonly string[]) => {
    await at.client.query('DELETE FROM members WHERE project_id = $1 AND user_id = $2', [...ids]);
  };
  testFactContract(() => ({
    kind: at.facts.kind('member'),
    find: at.facts.hosts.find,
    remove,
    put: async (ids, fact) => {
      await remove(ids);
      await at.client.query('INSERT INTO members VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
        ...ids,
        ...columnsOf({ ...fact }),
        fact.note,
      ]);
    },
  }));
});

const columnsOf = ({ role, seats, rating, active, since, tags }: ContractFact) =>
  [role, seats, rating, active, since.toISOString(), [...tags]] as const;

describe('facts by HTTP', () => {
  const stored = new Map<string, unknown>();
  const pathOf = ([project, user]: readonly string[]) => `/projects/${project}/members/${user}`;
  let [host, source]: [Awaited<ReturnType<typeof startScriptedApplication>>?, FactSourceAtHand?] =
    [];
  beforeAll(async () => {
    host = await startScriptedApplication();
    // Like a web framework: it decodes the segments and compares them exactly.
    host.respondWith = (response, request) => {
      const fact = stored.get(decodeURIComponent(request.path));
      (fact === undefined ? plain(404) : json(fact))(response, request);
    };
    const text = `sources: { host: { url: { env: HOST_URL } } }\nfacts:\n  member: { ids: [project, user], fields: ${contractFields}, http: { source: host, path: '/projects/{project}/members/{user}' } }`;
    const kind = (await loadPolicyText(text)).factKinds.get('member')!;
    const client = createApplicationClient(
      { name: 'source host', origin: host.url },
      { fetch, ...systemClock },
    );
    const found = { base: new URL(host.url), headers: {}, client };
    source = {
      kind,
      find: createHttpFacts({ findSource: () => found, now: systemClock.now }),
      put: (ids, fact) => {
        stored.set(pathOf(ids), { ...fact, since: fact.since.toISOString() });
        return Promise.resolve();
      },
      remove: (ids) => {
        stored.delete(pathOf(ids));
        return Promise.resolve();
      },
    };
  });
  afterAll(() => host?.stop());
  testFactContract(() => source!);
});

describeMariadb('facts by SQL (MariaDB)', () => {
  const server = useMariadb();
  let opened: SourceFacts | undefined;
  beforeAll(async () => {
    await server.admin.query(`SET GLOBAL time_zone = '-08:00'`);
    await server.admin.query(`SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'`);
    await server.admin
      .query(`CREATE TABLE members (project_id bigint, user_id varchar(100), role varchar(20), seats bigint,
      rating double, active boolean, since datetime(3), tags json, note text, PRIMARY KEY (project_id, user_id))
      CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    opened = await openSourceFacts(server.url, kindsWith(query));
  });
  afterAll(() => opened?.hosts.close());
  const remove = async (ids: readonly string[]) => {
    await server.admin.execute('DELETE FROM members WHERE project_id = ? AND user_id = ?', [
      ...ids,
    ]);
  };
  testFactContract(() => ({
    kind: opened!.kind('member'),
    find: opened!.hosts.find,
    remove,
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
