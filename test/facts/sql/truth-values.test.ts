import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';

reportMariadb('truth values of MariaDB are not tested');

const expressions = {
  literal: ['TRUE', true],
  negated: ['NOT TRUE', false],
  compared: ['role = "editor"', true],
  counted: ['COUNT(*) > 0', true],
  chosen: ['IF(role = "editor", TRUE, FALSE)', true],
  cased: ['CASE WHEN role = "reader" THEN TRUE ELSE FALSE END', false],
  defaulted: ['COALESCE(role = "editor", FALSE)', true],
  /** TypeORM and Doctrine declare booleans without a width. */
  tinyint: ['archived', true],
  filled: ['COALESCE(archived, FALSE)', true],
  flag: ['seats & 1', true],
  sum: ['1 + 1', 'a value of int that'],
  column: ['seats', 'the column v is int, and'],
} as const;

describeMariadb('a truth value of MariaDB', () => {
  const server = useMariadb();
  let opened: SourceFacts | undefined;
  beforeAll(async () => {
    await server.admin.query(
      'CREATE TABLE seats_of (id int PRIMARY KEY, role text, seats int, archived tinyint)',
    );
    await server.admin.query(
      'INSERT INTO seats_of VALUES (8, "editor", 1, 1), (9, "editor", 1, 2)',
    );
    const kinds = Object.entries(expressions).map(
      ([name, [expression]]) =>
        `  ${name}: { ids: [id], fields: { v: bool }, sql: { source: shop, query: 'SELECT ${expression} AS v FROM seats_of WHERE id = :id' } }\n`,
    );
    opened = await openSourceFacts(server.url, `facts:\n${kinds.join('')}`);
  });
  afterAll(() => opened?.hosts.close());

  it.each(Object.entries(expressions))('is %s: %j', async (name, [, value]) => {
    if (typeof value === 'string') {
      expect(await opened!.reason(name, '8')).toContain(value);
      return;
    }
    expect(await opened!.find(name, '8')).toEqual({ v: value });
    // Together in one statement as well.
    const all = Array.from({ length: 20 }, () => opened!.find(name, '8'));
    expect(new Set((await Promise.all(all)).map((fact) => fact?.['v']))).toEqual(new Set([value]));
  });

  it('is not another number', async () => {
    expect(await opened!.reason('tinyint', '9')).toContain('a value of tinyint that');
    expect(await opened!.reason('column', '8')).toMatch(
      /type bool needs .*; use a comparison, such as v <> 0$/,
    );
  });
});
