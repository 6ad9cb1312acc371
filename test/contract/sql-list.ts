import { expect, it } from 'vitest';
import type { SqlList } from '../../src/policy/channel-type.ts';
import { pageLimit, type ListedIds } from '../../src/facts/list-pages.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import type { SourceFacts } from '../facts/sql/source-facts.ts';

/** A database with `members (project_id bigint, user_id TEXT TYPE, region TEXT TYPE)`. */
export interface ListSourceAtHand {
  readonly run: (sql: string) => Promise<unknown>;
  /** Opens a policy whose source `shop` is this database. */
  readonly open: (policy: string) => Promise<SourceFacts>;
  /** An expression of this type whose text is not an integer. */
  readonly typesWithoutId: readonly string[];
}

/** A policy with one channel, whose list has this query. */
export const policyWithList = (query: string, channel = 'private-project-{project}') => `
channels:
  ${channel}:
    about: the members of a project
    params: { ${[...channel.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name}: id`).join(', ')} }
    allow: { user: { user has an id: user.id != '' } }
    list:
      user:
        sql: { source: shop, query: ${JSON.stringify(query)} }
        where: { user: user.id }
`;

const ownProjects = 'SELECT project_id AS project FROM members WHERE user_id = :user';

/** The only list of a policy. */
export function listOf({ policy }: SourceFacts): SqlList {
  const [{ rules } = { rules: undefined }] = policy.channels.channelTypes;
  return rules!.get('user')!.sqlLists![0]!;
}

/** Tests of every database for the list of a channel. Call it in a suite; `at` is called within tests. */
export function testListContract(at: () => ListSourceAtHand): void {
  /** Reads the rows of this query for a user, all pages. */
  async function rowsOf(query: string, user: string, channel?: string): Promise<ListedIds> {
    const opened = await at().open(policyWithList(query, channel));
    const list = listOf(opened);
    try {
      const rows: (readonly string[])[] = [];
      for (let after = list.params.map(() => ''); ;) {
        const page = await opened.hosts.list(list, { user }, after);
        rows.push(...page);
        if (page.length < pageLimit) return rows;
        after = [...page.at(-1)!];
      }
    } finally {
      await opened.hosts.close();
    }
  }
  const reasonOf = async (query: string): Promise<string> => {
    const error: unknown = await rowsOf(query, 'ada').catch((fault: unknown) => fault);
    if (!(error instanceof Unavailable)) return `no error, but ${JSON.stringify(error)}`;
    return (error.cause as Error).message;
  };

  it('returns the rows of a user, as the texts of their columns', async () => {
    await at().run("INSERT INTO members VALUES (8, 'ada', 'eu'), (9007199254740993, 'ada', 'us')");
    await at().run("INSERT INTO members VALUES (9, 'bob', 'eu')");
    expect(await rowsOf(ownProjects, 'ada')).toEqual([['8'], ['9007199254740993']]);
    const both =
      'SELECT region, project_id AS project, 1 AS more FROM members WHERE user_id = :user';
    expect(await rowsOf(both, 'ada', 'private-{region}.{project}')).toEqual([
      ['eu', '8'],
      ['us', '9007199254740993'],
    ]);
    expect(await rowsOf(ownProjects, 'nobody')).toEqual([]);
  });

  it.each(['Ada', 'ada ', "ada' OR '1'='1", 'a%', '', 'ada\u0000', '\ud800', 'x'.repeat(300)])(
    'does not find ada by %j',
    async (user) => {
      expect(await rowsOf(ownProjects, user)).toEqual([]);
    },
  );

  it.each(['8x', '08', '8 ', '8.0', String(2n ** 64n + 8n), 'abc', "8'; --"])(
    'does not find the number 8 by %j',
    async (project) => {
      const query = 'SELECT user_id AS project FROM members WHERE project_id = :user';
      expect(await rowsOf(query, '8')).toEqual([['ada']]);
      expect(await rowsOf(query, project)).toEqual([]);
    },
  );

  it('leaves out rows with NULL', async () => {
    await at().run("INSERT INTO members VALUES (70, 'null', NULL), (71, 'null', 'eu')");
    const query = 'SELECT region, project_id AS project FROM members WHERE user_id = :user';
    expect(await rowsOf(query, 'null', 'private-{region}.{project}')).toEqual([['eu', '71']]);
  });

  it('returns every row once, in pages of a bounded size, in the order of bytes', async () => {
    const regions = ['a', 'A', 'b', 'B', 'ä', 'z', 'Z', '_', '-', 'aa', 'a-b'];
    const rows = regions.flatMap((region) =>
      Array.from({ length: 60 }, (_, n) => `(${n}, 'many', '${region}')`),
    );
    await at().run(`INSERT INTO members VALUES ${rows.join(', ')}`);
    const query = 'SELECT project_id AS project, region FROM members WHERE user_id = :user';
    const found = await rowsOf(query, 'many', 'private-{region}.{project}');
    const keys = found.map((row) => Buffer.from(row.join('\0')));
    expect(new Set(keys.map(String)).size).toBe(rows.length);
    expect(keys).toEqual([...keys].sort((one, other) => Buffer.compare(one, other)));
  });

  it('may end with ORDER BY and LIMIT, and begin with WITH', async () => {
    await at().run("INSERT INTO members VALUES (1, 'carl', 'eu'), (2, 'carl', 'eu')");
    const query = `WITH own AS (${ownProjects}) SELECT project FROM own ORDER BY project DESC LIMIT 1; -- end`;
    expect(await rowsOf(query, 'carl')).toEqual([['2']]);
  });

  it('is unavailable with a missing column, and with a column of another type', async () => {
    expect(await reasonOf('SELECT region FROM members WHERE user_id = :user')).toMatch(/project/);
    for (const value of at().typesWithoutId) {
      const query = `SELECT ${value} AS project FROM members WHERE user_id = :user`;
      expect(await reasonOf(query)).toMatch(
        /^list private-project-\{project\} of user: the column project is (?!type \d).*; use CAST$/,
      );
    }
    expect(await reasonOf('SELECT project FROM nowhere WHERE u = :user')).toMatch(/nowhere/);
  });

  it('can be checked without rows', async () => {
    const opened = await at().open(policyWithList(ownProjects));
    await opened.hosts.check(listOf(opened));
    await opened.hosts.close();
    for (const value of at().typesWithoutId.slice(0, 1)) {
      const wrong = await at().open(
        policyWithList(`SELECT ${value} AS project FROM members WHERE user_id = :user AND 1 = 2`),
      );
      await expect(wrong.hosts.check(listOf(wrong))).rejects.toThrow(Unavailable);
      await wrong.hosts.close();
    }
  });
}
