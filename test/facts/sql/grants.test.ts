import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantsFor } from '../../../src/facts/sql/grants.ts';
import { readStatement } from '../../../src/policy/sql/read-statement.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';

reportMariadb('the GRANTs for stored functions are not tested');

type Dialect = 'postgres' | 'mysql';

const rightsOf = (text: string, dialect: Dialect = 'postgres') =>
  grantsFor(readStatement(text, dialect, ['id'])).map(
    (grant) => /^GRANT (.*) TO \S+;$/.exec(grant)?.[1] ?? '',
  );
const tablesOf = (text: string, dialect?: Dialect) =>
  rightsOf(text, dialect).flatMap((right) => /^SELECT ON (.*)$/.exec(right)?.[1] ?? []);

describe('the GRANTs of a query', () => {
  it.each<readonly [string, readonly string[]]>([
    ['SELECT role FROM members WHERE id = :id', ['members']],
    [
      'SELECT role FROM shop."Members" m JOIN users AS u ON u.id = m.id WHERE u.id = :id',
      ['shop."Members"', 'users'],
    ],
    [
      'SELECT 1 FROM a, b x, ONLY c, LATERAL (SELECT 1 FROM d) y, e WHERE a.id = :id',
      ['a', 'b', 'c', 'd', 'e'],
    ],
    [
      'SELECT 1 FROM (a JOIN b USING (id, kind)) LEFT JOIN ((c)) ON true, d WHERE a.id = :id',
      ['a', 'b', 'c', 'd'],
    ],
    [
      'SELECT EXTRACT(year FROM joined), TRIM(both FROM name), SUBSTRING(name FROM 2) FROM a WHERE id = :id',
      ['a'],
    ],
    ['SELECT a.id IS NOT DISTINCT FROM b FROM a WHERE id = :id ORDER BY x, y', ['a']],
    ['SELECT 1 FROM generate_series(1, 2) n, public.f(3), a WHERE a.id = :id', ['a']],
    [
      'SELECT (SELECT max(x) FROM b), c FROM a WHERE id IN (SELECT id FROM d, e) AND id = :id',
      ['b', 'a', 'd', 'e'],
    ],
    [
      'WITH x (id, kind) AS (SELECT id, kind FROM a), y AS MATERIALIZED (SELECT * FROM x) SELECT 1 FROM x, y, b WHERE b.id = :id',
      ['a', 'b'],
    ],
    ['SELECT 1 FROM a WHERE id = :id UNION SELECT x, y FROM b', ['a', 'b']],
    ['SELECT 1 FROM a WHERE id = :id AND EXISTS (TABLE b)', ['a', 'b']],
    ['SELECT 1 FROM a, (VALUES (1, 2)) v (one, two) WHERE id = :id', ['a']],
  ])('%s', (query, tables) => {
    expect(tablesOf(query)).toEqual(tables);
  });

  it.each<readonly [string, readonly string[]]>([
    ['SELECT 1 FROM DUAL WHERE 1 = :id', []],
    [
      'SELECT 1 FROM `a` USE INDEX (one, two), b STRAIGHT_JOIN c WHERE a.id = :id',
      ['`a`', 'b', 'c'],
    ],
    ['SELECT STRAIGHT_JOIN b.v, c.v FROM a b JOIN c ON f(b.x, c.y) WHERE a.id = :id', ['a', 'c']],
  ])('%s, in MySQL', (query, tables) => {
    expect(tablesOf(query, 'mysql')).toEqual(tables);
  });

  it.each<readonly [string, Dialect, readonly string[]]>([
    [
      'SELECT 1 FROM shop.a, "Old. Shop".b, shop.c, public.d WHERE id = :id',
      'postgres',
      ['USAGE ON SCHEMA shop', 'USAGE ON SCHEMA "Old. Shop"'],
    ],
    ['SELECT 1 FROM shop.f(:id) f WHERE now() > f.since', 'postgres', ['USAGE ON SCHEMA shop']],
    [
      'SELECT shop.level(a.id) FROM a WHERE id = :id AND pg_catalog.now() > since',
      'postgres',
      ['USAGE ON SCHEMA shop'],
    ],
    ['SELECT 1 FROM shop.a, a.b WHERE shop.a.id = :id', 'mysql', []],
    ['SELECT shop.level(id) FROM a WHERE id = :id', 'mysql', ['EXECUTE ON FUNCTION shop.level']],
  ])('%s, next to its tables', (query, dialect, rights) => {
    expect(rightsOf(query, dialect).filter((right) => !right.startsWith('SELECT'))).toEqual(rights);
  });
});

describeMariadb('the GRANTs of a query that calls functions of its database', () => {
  const server = useMariadb();
  let opened: readonly SourceFacts[] = [];
  beforeAll(async () => {
    await server.admin.query(`CREATE TABLE seats (id int PRIMARY KEY, v text)`);
    await server.admin.query(`INSERT INTO seats VALUES (8, 'taken')`);
    await server.admin.query(`CREATE FUNCTION State_Of(id int) RETURNS text RETURN 'taken'`);
    await server.admin.query('CREATE FUNCTION `is open`(id int) RETURNS bool RETURN true');
    await server.admin.query(`CREATE USER usher_reader@'%'`);
    const query =
      'SELECT state_of(id) AS v FROM seats WHERE COALESCE(`is open`(id), 0) AND `is open`(1) AND id = :id';
    const facts = `facts:\n  seat: { ids: [id], fields: { v: string }, sql: { source: shop, query: ${JSON.stringify(query)} } }\n`;
    opened = [
      await openSourceFacts(server.url, facts),
      await openSourceFacts(server.url.replace('root', 'usher_reader'), facts),
    ];
  });
  afterAll(() => Promise.all(opened.map(({ hosts }) => hosts.close())));

  it('include those functions, and are sufficient', async () => {
    const [admin, reader] = opened as [SourceFacts, SourceFacts];
    const grants = await admin.hosts.grants(admin.kind('seat'));
    expect(grants).toEqual([
      "GRANT EXECUTE ON FUNCTION state_of TO 'usher_reader'@'%';",
      "GRANT EXECUTE ON FUNCTION `is open` TO 'usher_reader'@'%';",
      "GRANT SELECT ON seats TO 'usher_reader'@'%';",
    ]);
    for (const grant of grants) {
      expect(await reader.reason('seat', '8')).toMatch(/denied/);
      await server.admin.query(grant);
    }
    expect(await reader.find('seat', '8')).toEqual({ v: 'taken' });
    expect(await reader.hosts.grants(reader.kind('seat'))).toEqual(grants);
  });
});
