import { afterAll, beforeAll, expect, it } from 'vitest';
import { describePostgres } from '../../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';
import { usePostgresFacts } from './postgres-facts.ts';

reportMariadb('queries that write in MariaDB are not tested');

const kindOf = (name: string, query: string) =>
  `  ${name}: { ids: [id], fields: { v: string }, sql: { source: shop, query: "${query}" } }\n`;
const locking = kindOf('locked', 'SELECT v FROM seats WHERE id = :id FOR UPDATE');
const readOnly = 'the query writes or locks rows, and sessions are read-only (25006)';

describePostgres('a query that would write', (server) => {
  const at = usePostgresFacts(server, async (client) => {
    await client.query(`CREATE TABLE seats (id int PRIMARY KEY, v text);
      CREATE SEQUENCE numbers; INSERT INTO seats VALUES (8, 'taken')`);
    const kinds = [
      locking,
      kindOf('numbered', "SELECT nextval('numbers')::text AS v FROM seats WHERE id = :id"),
      kindOf(
        'deleted',
        'WITH gone AS (DELETE FROM seats RETURNING v) SELECT v FROM gone WHERE :id <> v',
      ),
    ];
    return `facts:\n${kinds.join('')}`;
  });

  it('is refused by the server, and the error gives that reason', async () => {
    expect(await at.facts.reason('locked', '8')).toBe(readOnly);
    expect(await at.facts.reason('numbered', '8')).toBe(readOnly);
    expect(await at.facts.reason('deleted', '8')).toContain('data-modifying statement');
  });
});

describeMariadb('a query that would write (MariaDB)', () => {
  const server = useMariadb();
  let opened: SourceFacts | undefined;
  beforeAll(async () => {
    await server.admin.query('CREATE TABLE seats (id int PRIMARY KEY, v text)');
    opened = await openSourceFacts(server.url, `facts:\n${locking}`);
  });
  afterAll(() => opened?.hosts.close());

  it('is refused by the server, and the error gives that reason', async () => {
    expect(await opened!.reason('locked', '8')).toBe(readOnly);
  });
});
