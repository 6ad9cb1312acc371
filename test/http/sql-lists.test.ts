import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runInProcess } from '../support/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';
import { startUsher, testEnvironment, userToken, type TestUsher } from '../support/usher.ts';

reportMariadb('a list of a frozen MariaDB is not tested');

const policy = `
sources:
  shop: { url: { env: SHOP_DATABASE_URL } }
facts:
  membership:
    ids: [project, user]
    fields: { role: string }
    sql: { source: shop, query: 'SELECT role FROM members WHERE project_id = :project AND user_id = :user' }
channels:
  private-project-{project}:
    about: the editors of a project
    also: [presence]
    params: { project: int }
    facts: { membership: [params.project, user.id] }
    allow: { user: { user edits it: facts.membership.role == 'editor' } }
    member: { user: { id: user.id } }
    list:
      user:
        sql: { source: shop, query: 'SELECT project_id AS project FROM candidates WHERE user_id = :user' }
        where: { user: user.id }
  private-team.{team}.{project}:
    about: the editors of a project of a team
    params: { team: slug, project: id }
    facts: { membership: [params.project, user.id] }
    allow: { user: { user edits it: facts.membership.role == 'editor' } }
    list:
      user:
        - sql:
            source: shop
            query: SELECT t.slug AS team, m.project_id AS project FROM members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = :user
          where: { user: user.id }
        - params: { team: "'home'", project: "'1'" }
  private-news:
    about: everybody
    allow: { user: { user has an id: user.id != '' }, guest_session: { is there: "true" } }
    list: { user: { params: {} }, guest_session: { params: {} } }
`;

const tables = `
  CREATE TABLE teams (id bigint, slug varchar(40));
  CREATE TABLE members (project_id bigint, user_id bigint, team_id bigint, role varchar(20));
  CREATE VIEW candidates AS SELECT project_id, user_id FROM members;
  INSERT INTO teams VALUES (1, 'red'), (2, 'not.a.slug'), (3, 'red.8, news');
  INSERT INTO members VALUES (8, 15, 1, 'editor'), (9, 15, 1, 'reader'), (10, 15, 2, 'editor'),
    (-11, 15, 1, 'editor'), (12, 16, 1, 'editor'), (13, 15, 3, 'editor'), (14, 15, NULL, 'editor')`;

async function openPolicy(text = policy): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-lists-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'policy.yaml'), text);
  return directory;
}

async function usherWith(url: string): Promise<TestUsher> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-lists-'));
  await writeFile(join(directory, 'policy.yaml'), policy);
  const usher = await startUsher({ POLICY: directory, SHOP_DATABASE_URL: url });
  await rm(directory, { recursive: true });
  return usher;
}

/** The list of a user, or of a new guest session (`guest`). */
async function list(usher: TestUsher, sub: string, query = '') {
  const headers =
    sub === 'guest'
      ? { 'x-guest-session': await guestSession(usher) }
      : { authorization: `Bearer ${userToken({ sub, tenant_id: undefined })}` };
  const response = await fetch(`${usher.public}/api/channels${query}`, { headers });
  const body = (await response.json()) as { channels?: string[]; next?: string };
  return { status: response.status, ...body };
}

async function guestSession(usher: TestUsher): Promise<string> {
  const response = await fetch(`${usher.public}/api/guest-sessions`, { method: 'POST' });
  return ((await response.json()) as { token: string }).token;
}

describe('a list by SQL', () => {
  let [shop, usher, client]: [TestDatabase?, TestUsher?, Client?] = [];
  beforeAll(async () => {
    shop = await createTestDatabase(undefined, 'template1');
    client = new Client({ connectionString: shop.url.reveal() });
    await client.connect();
    await client.query(tables);
    usher = await usherWith(shop.url.reveal());
  });
  afterAll(async () => {
    await usher?.stop();
    await client?.end();
    await shop?.drop();
  });

  it('has the channels that the rules grant, in each form, and no other candidates', async () => {
    const { status, channels } = await list(usher!, '15');
    expect([status, channels]).toEqual([
      200,
      [
        ...['10', '13', '14', '8'].flatMap((id) => [
          `private-project-${id}`,
          `presence-project-${id}`,
        ]),
        ...['private-team.red.-11', 'private-team.red.8'],
        'private-news',
      ],
    ]);
    expect((await list(usher!, '16')).channels).toEqual([
      ...['private-project-12', 'presence-project-12', 'private-team.red.12', 'private-news'],
    ]);
  });

  it.each(['nobody', "15' OR '1'='1", '015', '15 '])('has no row for %j', async (sub) => {
    expect(await list(usher!, sub)).toEqual({ status: 200, channels: ['private-news'] });
  });

  it('has all rows, in pages', async () => {
    await client!.query(
      `INSERT INTO members SELECT n, 70, 1, 'editor' FROM generate_series(1, 450) n`,
    );
    const pages: string[][] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page = await list(usher!, '70', next && `?after=${next}`);
      pages.push(page.channels!);
      next = page.next;
    }
    expect(pages).toHaveLength(3);
    const all = pages.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((name) => name.startsWith('presence-project-'))).toHaveLength(450);
    expect(all.filter((name) => name.startsWith('private-team.red.'))).toHaveLength(450);
    expect(all.filter((name) => name === 'private-news')).toHaveLength(1);
  });

  it('treats any cursor only as a position', async () => {
    const { next } = await list(usher!, '70');
    const cursor = JSON.parse(Buffer.from(next!, 'base64url').toString()) as object;
    for (const key of ['\0', '[]', '["8","9"]', '["8\' OR 1=1"]', '["\\u0000"]', '[null]', '{}']) {
      const keys = Object.fromEntries(Object.keys(cursor).map((name) => [name, key]));
      const after = Buffer.from(JSON.stringify(keys)).toString('base64url');
      const { status, channels } = await list(usher!, '15', `?after=${after}`);
      expect([key, status, channels]).toEqual([key, 200, []]);
    }
  });

  it('gets 503 if the database has changed, with the reason in the metric, and other lists are not affected', async () => {
    await client!.query('ALTER VIEW candidates RENAME TO others');
    expect([(await list(usher!, '15')).status, (await list(usher!, 'guest')).status]).toEqual([
      503, 200,
    ]);
    await client!.query(
      'CREATE VIEW candidates AS SELECT role AS project_id, user_id FROM members',
    );
    expect((await list(usher!, '15')).channels).toEqual([
      'private-team.red.-11',
      'private-team.red.8',
      'private-news',
    ]);
    await client!.query(
      'DROP VIEW candidates; CREATE VIEW candidates AS SELECT 1.5 AS project_id, user_id FROM members',
    );
    expect((await list(usher!, '15')).status).toBe(503);
    await client!.query('DROP VIEW candidates; ALTER VIEW others RENAME TO candidates');
    expect((await list(usher!, '15')).status).toBe(200);
    const metrics = await (await fetch(`${usher!.operator}/metrics`)).text();
    const of = 'usher_source_facts_total{kind="list private-project-{project} of user",outcome=';
    expect(metrics).toContain(`${of}"unavailable"} 1`);
    expect(metrics).toContain(`${of}"invalid"} 1`);
    expect(metrics).toContain(`${of}"none"}`);
  });

  it('is checked by `policy check --online` and by the doctor', async () => {
    const directory = await openPolicy();
    const env = {
      ...testEnvironment,
      POLICY: directory,
      SHOP_DATABASE_URL: shop!.url.reveal(),
      PUSHER_HOST: '127.0.0.1',
      PUSHER_PORT: '1',
    };
    const online = await runInProcess(['policy', 'check', '--online', directory], env);
    expect([online.code, online.stdout.split('\n').slice(1)]).toEqual([
      0,
      [
        '✓ the source shop can be queried for the fact membership',
        '✓ the source shop can be queried for the list private-project-{project} of user',
        '✓ the source shop can be queried for the list private-team.{team}.{project} of user',
        ...['The role of the source shop needs:', 'GRANT SELECT ON members TO usher_reader;'],
        'GRANT SELECT ON candidates TO usher_reader;',
        'GRANT SELECT ON teams TO usher_reader;',
        '',
      ],
    ]);
    await client!.query('ALTER VIEW candidates RENAME TO others');
    onTestFinished(() =>
      client!.query('ALTER VIEW others RENAME TO candidates').then(() => undefined),
    );
    const broken = await runInProcess(['policy', 'check', '--online', directory], env);
    expect([broken.code, broken.stdout]).toEqual([
      1,
      expect.stringMatching(
        /✗ the source shop cannot be queried for the list private-project-\{project\} of user: .*candidates/,
      ),
    ]);
    const doctor = await runInProcess(['doctor', '--url', usher!.public], env);
    expect(doctor.stdout).toMatch(
      /✗ the source shop can be queried for the list private-project-\{project\} of user\n {4}It cannot be used: .*candidates/,
    );
  });
});

describe('a policy with a list', () => {
  const channel = (lines: string) => `
sources: { shop: { url: { env: URL } } }
facts:
  m: { ids: [project, user], fields: { role: string }, sql: { source: shop, query: 'SELECT role FROM m WHERE p = :project AND u = :user' } }
channels:
  private-p-{project}:
    params: { project: id }
    allow: { user: { a: "true" } }
    list: { user: ${lines} }
  private-all:
    allow: { user: { a: "true" } }
    list: { user: { sql: { source: shop, query: 'SELECT 1 WHERE :user = 1' }, where: { user: user.id } } }
`;
  const none = '12:21: a channel without parameters needs no query; write `params: {}`';
  it.each([
    [
      '{ fact: m, where: { user: user.id } }',
      '9:19: Usher cannot list m, which is read from a source; write the query of the channels as list.user.sql',
    ],
    [
      `{ sql: { source: shop, query: 'SELECT p AS project FROM m' }, where: { user: user.id } }`,
      '9:50: the query has no :user, so it would select the rows of every user',
    ],
    [
      `{ sql: { source: shop, query: 'SELECT p AS project FROM m WHERE u = :usr' }, where: { user: user.id } }`,
      '9:87: :usr is not a parameter of this query; there are :user',
    ],
    [
      `{ sql: { source: shp, query: 'SELECT p AS project FROM m WHERE u = :user' }, where: { user: user.id } }`,
      '9:36: shp is not a source; the nearest is shop',
    ],
    [
      `{ sql: { source: shop, query: 'DELETE FROM m WHERE u = :user' }, where: { user: user.id } }`,
      '9:50: the query must begin with SELECT or WITH',
    ],
    [
      `{ sql: { source: shop, query: 'SELECT p AS project FROM m WHERE u = :user' }, where: { user: user.idd } }`,
      '9:117: unknown field idd; did you mean id?',
    ],
  ])('is not loaded: %s', async (lines, problem) => {
    const directory = await openPolicy(channel(lines));
    const { code, stdout } = await runInProcess(['policy', 'check', directory]);
    expect([code, stdout]).toEqual([1, expect.stringContaining(problem)]);
    expect(stdout).toContain(none);
  });

  it.each([
    ['{ sql: { source: shop, query: SELECT 1 } }', 'requires the key `where`'],
    [
      `{ sql: { source: shop, query: 'SELECT :user' }, where: { user: user.id }, fact: m }`,
      '`fact` does not go together with the other keys here',
    ],
    [
      `{ sql: { source: shop, query: 'SELECT :user', fresh: 1s }, where: { user: user.id } }`,
      'fresh is not a key of a query of a list',
    ],
  ])('has the keys of its schema: %s', async (lines, problem) => {
    const directory = await openPolicy(channel(lines));
    const { code, stdout } = await runInProcess(['policy', 'check', directory]);
    expect([code, stdout]).toEqual([1, expect.stringContaining(problem)]);
  });
});

describeMariadb('a list of a frozen database', () => {
  const server = useMariadb();
  let usher: TestUsher | undefined;
  beforeAll(async () => {
    for (const statement of tables.split(';')) await server.admin.query(statement);
    usher = await usherWith(server.url);
  });
  afterAll(() => usher?.stop());

  it('gets 503 within a limited time, and others are not affected', async () => {
    const before = await list(usher!, '15');
    expect(before.channels).toContain('private-team.red.8');
    const resume = await server.freeze();
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 20; i += 1) {
        void list(usher!, '15').then(({ status }) => statuses.push(status));
      }
      expect((await list(usher!, 'guest')).channels).toEqual(['private-news']);
      await expect
        .poll(() => (usher!.clock.advance(500), statuses), { timeout: 20_000 })
        .toEqual(Array(20).fill(503));
    } finally {
      resume();
    }
    await expect.poll(async () => (await list(usher!, '15')).status, { timeout: 20_000 }).toBe(200);
    expect(await list(usher!, '15')).toEqual(before);
  });
});
