import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describePostgres } from '../../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';
import { usePostgresFacts } from './postgres-facts.ts';

reportMariadb('facts of MariaDB that are asked at once are not tested');

const rows = Array.from({ length: 99 }, (_, i) => {
  const id = i + 1;
  const at = id % 2 === 0 ? "'2026-01-01 00:00:00'" : 'NULL';
  return `(${id}, 'row ${id % 3}', 'seat ${id}', ${id % 5 === 0}, ${at})`;
});

/** These statements run on PostgreSQL and on MariaDB. */
const setup = [
  'CREATE TABLE seats (id int PRIMARY KEY, seat_row varchar(20) NOT NULL, v varchar(40) NOT NULL, taken boolean NOT NULL, at timestamp NULL)',
  `INSERT INTO seats VALUES ${rows.join()}`,
];

const facts = `facts:
  seat: { ids: [id, row], fields: { v: string, at: { type: string, optional: true } }, sql: { source: shop,
    query: "SELECT v, CAST(at AS char(10)) AS at FROM seats WHERE id = :id AND seat_row = :row" } }
  taken: { ids: [id], fields: { taken: bool }, sql: { source: shop,
    query: "SELECT taken FROM seats WHERE id = :id" } }
  share: { ids: [id], fields: { v: string }, sql: { source: shop,
    query: "SELECT CASE WHEN id = 7 THEN NULL ELSE v END AS v FROM seats WHERE id = :id" } }
  pair: { ids: [id], fields: { v: string }, sql: { source: shop,
    query: "SELECT seats.v FROM seats JOIN seats AS other ON other.id <= seats.id AND other.id > seats.id - seats.id % 2 - 1 WHERE seats.id = :id" } }
  newest: { ids: [row], fields: { v: string }, sql: { source: shop,
    query: "WITH mine AS (SELECT v, id FROM seats WHERE seat_row = :row) SELECT v FROM mine ORDER BY id DESC LIMIT 1" } }
`;

/** The same suite for each database. */
function testGroups(opened: () => SourceFacts): void {
  const outcomes = async (kind: string, ids: readonly (readonly string[])[]) => {
    const settled = await Promise.allSettled(ids.map((each) => opened().find(kind, ...each)));
    return settled.map((each) => (each.status === 'fulfilled' ? each.value : 'failed'));
  };
  // After fast responses to single requests a group may have any size.
  beforeEach(async () => {
    for (const kind of ['taken', 'share', 'pair']) {
      for (const id of ['1', '2', '1', '2', '1']) await outcomes(kind, [[id]]);
    }
  });

  it('have the same results as single queries', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => [String(i), `row ${i % 3}`]);
    const odd = [
      ['08', 'row 2'],
      ['8x', 'row 2'],
      ['8', "row 2' OR true -- "],
      ['2147483648', 'row 2'],
    ];
    const all = [...odd, ...ids];
    const alone: unknown[] = [];
    for (const each of all) alone.push(await opened().find('seat', ...each));
    expect(alone.filter((fact) => fact !== undefined)).toHaveLength(99);
    expect(await outcomes('seat', ids)).toEqual(alone.slice(odd.length));
    expect(await outcomes('seat', all)).toEqual(alone);
  });

  it('keep the types of their columns', async () => {
    const ids = Array.from({ length: 32 }, (_, i) => [String(i + 1)]);
    const expected = ids.map(([id]) => ({ taken: Number(id) % 5 === 0 }));
    expect(await outcomes('taken', ids)).toEqual(expected);
    expect(await outcomes('taken', ids)).toEqual(expected);
  });

  it('fail only if their own row is invalid', async () => {
    const found = await outcomes(
      'share',
      Array.from({ length: 16 }, (_, i) => [String(i + 1)]),
    );
    expect(found.flatMap((fact, i) => (fact === 'failed' ? i + 1 : []))).toEqual([7]);
    expect(found[2]).toEqual({ v: 'seat 3' });
  });

  it('fail only if their own query finds two rows', async () => {
    const ids = ['90', '91', '92', '93', '100'].map((id) => [id]);
    expect(await outcomes('pair', ids)).toEqual([
      { v: 'seat 90' },
      'failed',
      { v: 'seat 92' },
      'failed',
      undefined,
    ]);
  });

  it('may be of a query with WITH, ORDER BY and LIMIT', async () => {
    const ids = Array.from({ length: 16 }, (_, i) => [`row ${i % 4}`]);
    const newest = ['seat 99', 'seat 97', 'seat 98', undefined];
    const expected = ids.map((_, i) => newest[i % 4] && { v: newest[i % 4] });
    expect(await outcomes('newest', ids)).toEqual(expected);
  });
}

describePostgres('concurrent facts by SQL', (server) => {
  const at = usePostgresFacts(server, async (client) => {
    for (const statement of setup) await client.query(statement);
    return facts;
  });
  testGroups(() => at.facts);

  it('are found after the type of a column has changed, on each connection', async () => {
    // The row 7 does not fit.
    const ids = Array.from({ length: 60 }, (_, i) => String(i + 8));
    const findAll = async () => {
      // After an impossible id requests are sent alone, which takes more connections than groups do.
      await at.facts.find('share', 'x');
      return Promise.all(ids.map((id) => at.facts.find('share', id)));
    };
    const expected = ids.map((id) => ({ v: `seat ${id}` }));
    for (let round = 0; round < 10; round += 1) await findAll();
    for (const type of ['text', 'varchar(40)', 'text']) {
      await at.client.query(`ALTER TABLE seats ALTER v TYPE ${type}`);
      expect(await findAll()).toEqual(expected);
    }
  });
});

describeMariadb('concurrent facts by SQL (MariaDB)', () => {
  const server = useMariadb();
  let opened: SourceFacts | undefined;
  beforeAll(async () => {
    for (const statement of setup) await server.admin.query(statement);
    opened = await openSourceFacts(server.url, facts);
  });
  afterAll(() => opened?.hosts.close());
  testGroups(() => opened!);
});
