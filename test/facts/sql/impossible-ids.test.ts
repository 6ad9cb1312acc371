import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePostgres } from '../../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';
import { usePostgresFacts } from './postgres-facts.ts';

reportMariadb('ids that a column of MariaDB cannot have are not tested');

const kindOf = (table: string, columns = 'v', condition = 'id = :id') =>
  `  ${table}: { ids: [id], fields: { v: string }, sql: { source: shop, query: "SELECT ${columns} FROM ${table} WHERE ${condition}" } }\n`;

describePostgres('an id of a fact by SQL', (server) => {
  const types = {
    day: 'date',
    moment: 'timestamptz',
    bytes: 'bytea',
    mail: 'mail_address',
    words: 'tsquery',
  };
  const at = usePostgresFacts(server, async (client) => {
    await client.query(`
      ALTER DATABASE ${client.database} SET log_parameter_max_length_on_error = -1;
      CREATE DOMAIN mail_address AS text CHECK (value LIKE '%@%');
      CREATE TABLE seats (id int PRIMARY KEY, v text);
      CREATE TABLE broken (id int PRIMARY KEY, number text);
      INSERT INTO broken VALUES (8, 'no number');
      CREATE FUNCTION number_of(text) RETURNS int LANGUAGE plpgsql AS
        $f$ DECLARE found int; BEGIN EXECUTE 'SELECT $1::int' INTO found USING $1; RETURN found; END $f$`);
    for (const [table, type] of Object.entries(types)) {
      await client.query(`CREATE TABLE ${table} (id ${type} PRIMARY KEY, v text)`);
    }
    const kinds = [
      ...Object.keys(types).map((table) =>
        kindOf(table, 'v', table === 'mail' ? 'id = CAST(:id AS mail_address)' : 'id = :id'),
      ),
      kindOf('seats'),
      kindOf('broken', 'number::int::text AS v'),
      kindOf('broken', 'number_of(number)::text AS v').replace('broken:', 'broken_function:'),
    ];
    return `facts:\n${kinds.join('')}`;
  });

  it.each([
    ['day', '-9223372036854775809'],
    ['moment', '2025-12-31 11:00 Mars/Base'],
    ['bytes', '\\x8'],
    ['mail', 'ada'],
    ['words', 'ada &'],
  ] as const)('in a column of type %s that cannot be %s does not find a fact', async (kind, id) => {
    await expect(at.facts.find(kind, id)).resolves.toBeUndefined();
  });

  it.each(['broken', 'broken_function'])(
    'does not hide an error in the query itself (%s), which is an outage',
    async (kind) => {
      await expect(at.facts.reason(kind, '8')).resolves.toContain('22P02');
    },
  );

  it('is compared with the current type of the column', async () => {
    const put = (id: string) => at.client.query(`INSERT INTO seats VALUES ('${id}', 'taken')`);
    await put('8');
    await expect(at.facts.find('seats', '8')).resolves.toEqual({ v: 'taken' });
    await at.client.query('ALTER TABLE seats ALTER id TYPE bigint');
    await put('3000000000');
    await expect(at.facts.find('seats', '3000000000')).resolves.toEqual({ v: 'taken' });
    await at.client.query('ALTER TABLE seats ALTER id TYPE text');
    await put('front row');
    await expect(at.facts.find('seats', 'front row')).resolves.toEqual({ v: 'taken' });
    await expect(at.facts.find('seats', '08')).resolves.toBeUndefined();
    await expect(at.facts.find('seats', '8')).resolves.toEqual({ v: 'taken' });
  });
});

describeMariadb('an id of a fact by SQL (MariaDB)', () => {
  const charsets = { old: 'utf8mb3', latin: 'latin1', plain: 'ascii' };
  const server = useMariadb();
  let opened: SourceFacts | undefined;
  beforeAll(async () => {
    for (const [table, charset] of Object.entries(charsets)) {
      await server.admin.query(
        `CREATE TABLE ${table} (id varchar(20) CHARACTER SET ${charset} PRIMARY KEY, v text)`,
      );
      await server.admin.query(`INSERT INTO ${table} VALUES ('ada', 'found')`);
    }
    const mixed = 'id = :id AND id COLLATE latin1_bin = id COLLATE latin1_general_ci';
    const kinds = [
      ...Object.keys(charsets).map((table) => kindOf(table)),
      kindOf('latin', 'v', mixed).replace('latin:', 'mixed:'),
    ];
    opened = await openSourceFacts(server.url, `facts:\n${kinds.join('')}`);
  });
  afterAll(() => opened?.hosts.close());

  describe.each(Object.keys(charsets))('in a column %s of another character set', (kind) => {
    it('with a character that the column cannot contain does not find a fact', async () => {
      await expect(opened!.find(kind, '😀')).resolves.toBeUndefined();
      await expect(opened!.find(kind, 'ada')).resolves.toEqual({ v: 'found' });
    });
  });

  it.each(['ada', '😀'])(
    'does not hide a query that mixes collations: %s is an outage',
    async (id) => {
      await expect(opened!.reason('mixed', id)).resolves.toContain('COLLATIONS');
    },
  );
});
