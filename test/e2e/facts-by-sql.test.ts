import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';
import { hmacToken } from '../support/tokens.ts';
import { postForm } from './support/requests.ts';
import { secondsNow } from './support/tokens.ts';
import { startForPages } from './support/usher.ts';

reportMariadb('the built Usher is not tested with MariaDB');

const page = 'https://shop.example';
const policy = `
sources: { shop: { url: { env: SHOP_DATABASE_URL } } }
facts:
  order:
    ids: [order]
    fields: { owner_id: string }
    sql: { source: shop, query: 'SELECT owner_id FROM orders WHERE id = :order' }
channels:
  private-order-{order}:
    params: { order: int }
    facts: { order: [params.order] }
    allow: { user: { user owns it: facts.order.owner_id == user.id } }
`;

describeMariadb('the built Usher', () => {
  const server = useMariadb();

  it('reads facts of a MariaDB', async () => {
    await server.admin.query('CREATE TABLE orders (id bigint PRIMARY KEY, owner_id varchar(40))');
    await server.admin.query("INSERT INTO orders VALUES (7, '15'), (8, '16')");
    const directory = await mkdtemp(join(tmpdir(), 'usher-sql-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'policy.yaml'), policy);
    const secret = randomBytes(32).toString('hex');
    const usher = await startForPages(page, {
      POLICY: directory,
      SHOP_DATABASE_URL: server.url,
      USER_TOKEN_SECRET: secret,
    });
    onTestFinished(() => usher.stop());
    const iat = secondsNow();
    const token = hmacToken({ sub: '15', iat, exp: iat + 3600 }, {}, secret);
    const decide = async (channel_name: string) => {
      const fields = { socket_id: '1.2', channel_name };
      const headers = { authorization: `Bearer ${token}` };
      return (await postForm(`${usher.publicUrl}/broadcasting/auth`, fields, headers)).status;
    };
    expect(await decide('private-order-7')).toBe(200);
    expect(await decide('private-order-8')).toBe(403);
    expect(await decide('private-order-9')).toBe(403);
  });
});
