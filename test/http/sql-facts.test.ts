import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { send, userRequest } from './requests.ts';

const policy = `
sources:
  shop: { url: { env: SHOP_DATABASE_URL } }
  unused: { url: { env: NOT_SET } }
facts:
  membership:
    ids: [project, user]
    fields: { role: string }
    sql: { source: shop, query: 'SELECT role FROM project_members WHERE project_id = :project AND user_id = :user' }
    fresh: 0s
channels:
  private-project-{project}:
    about: the editors of a project
    params: { project: id }
    facts: { membership: [params.project, user.id] }
    allow: { user: { user edits it: facts.membership.role == 'editor' } }
  private-news:
    about: every user
    allow: { user: { user has an id: user.id != '' } }
`;

let [shop, usher]: [TestDatabase?, TestUsher?] = [];
let [client, directory]: [Client?, string?] = [];

beforeAll(async () => {
  shop = await createTestDatabase(undefined, 'template1');
  client = new Client({ connectionString: shop.url.reveal() });
  await client.connect();
  await client.query(`CREATE TABLE project_members (project_id bigint, user_id bigint, role text);
    INSERT INTO project_members VALUES (8, 15, 'editor'), (9, 15, 'reader')`);
  directory = await mkdtemp(join(tmpdir(), 'usher-sql-'));
  await writeFile(join(directory, 'policy.yaml'), policy);
  usher = await startUsher({ POLICY: directory, SHOP_DATABASE_URL: shop.url.reveal() });
});
afterAll(async () => {
  await usher?.stop();
  await client?.end();
  await shop?.drop();
  await rm(directory!, { recursive: true });
});

async function enter(channel: string): Promise<number> {
  const { status } = await send(usher!.public, userRequest({ fields: { channel_name: channel } }));
  return status;
}

const operator = (method: string, path: string, body?: object) =>
  fetch(usher!.operator + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });

describe('a fact by SQL', () => {
  it('is used in decisions', async () => {
    expect(await enter('private-project-8')).toBe(200);
    expect(await enter('private-project-9')).toBe(403);
    expect(await enter('private-project-08')).toBe(403);
    expect(await enter('private-project-7')).toBe(403);
  });

  it('is queried for each decision', async () => {
    await client!.query(`UPDATE project_members SET role = 'reader' WHERE project_id = 8`);
    expect(await enter('private-project-8')).toBe(403);
    await client!.query(`UPDATE project_members SET role = 'editor' WHERE project_id = 8`);
    expect(await enter('private-project-8')).toBe(200);
  });

  it('is readable on the operator’s port, and can be changed only in its database', async () => {
    const read = await operator('GET', '/facts/membership/8/15');
    expect([read.status, await read.json()]).toEqual([200, { role: 'editor' }]);
    expect((await operator('GET', '/facts/membership/1/15')).status).toBe(404);
    const put = await operator('PUT', '/facts/membership/8/15', { role: 'editor' });
    expect([put.status, await put.text()]).toEqual([
      400,
      expect.stringContaining('membership is read from the source shop; change it there'),
    ]);
    expect((await operator('DELETE', '/facts/membership/8/15')).status).toBe(400);
  });

  it('causes 503 for the channels that need it after a change of the database', async () => {
    await client!.query('ALTER TABLE project_members RENAME TO members');
    expect([await enter('private-project-8'), await enter('private-news')]).toEqual([503, 200]);
    const metrics = await (await operator('GET', '/metrics')).text();
    expect(metrics).toContain('usher_unavailable_total{dependency="source shop"} 1');
    await client!.query('ALTER TABLE members RENAME TO project_members');
    expect(await enter('private-project-8')).toBe(200);
    await client!.query('ALTER TABLE project_members ALTER role TYPE json USING to_json(role)');
    expect(await enter('private-project-8')).toBe(503);
    await client!.query(
      `ALTER TABLE project_members ALTER role TYPE varchar(20) USING role #>> '{}'`,
    );
    expect(await enter('private-project-8')).toBe(200);
  });

  it('whose source has no URL prevents the load of a policy, and the last one remains in use', async () => {
    await writeFile(
      join(directory!, 'more.yaml'),
      `facts: { other: { ids: [a], fields: { b: string }, sql: { source: unused, query: 'SELECT b FROM t WHERE a = :a' } } }`,
    );
    const reload = await operator('POST', '/policy/reload');
    expect([reload.status, await reload.text()]).toEqual([
      422,
      expect.stringContaining(
        'policy.yaml:4:3: source unused: the environment variable NOT_SET is not set',
      ),
    ]);
    expect(await enter('private-project-8')).toBe(200);
    await rm(join(directory!, 'more.yaml'));
    expect((await operator('POST', '/policy/reload')).status).toBe(200);
    expect(await enter('private-project-8')).toBe(200);
  });

  it('prevents a start without the URL of its source', async () => {
    const starting = startUsher({ POLICY: directory });
    await expect(starting).rejects.toThrow(
      'policy.yaml:3:3: source shop: the environment variable SHOP_DATABASE_URL is not set',
    );
  });
});
