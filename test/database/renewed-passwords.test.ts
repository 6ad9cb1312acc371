import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createApplicationDatabase } from '../../src/database/application/application-database.ts';
import { serversOf } from '../../src/database/servers.ts';
import { RenewableSecret } from '../../src/runtime/secret.ts';
import { createReopenable } from '../../src/runtime/reopenable.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';

it('a renewed URL of PostgreSQL is tried first, and the previous login afterwards only on the same server', () => {
  const url = new RenewableSecret('postgres://u:one@db/usher');
  const servers = serversOf(url);
  expect(servers.current()).toContain('u:one@db');
  url.renew('postgres://u:two@db/usher');
  expect([servers.count, servers.current()]).toEqual([2, 'postgres://u:two@db/usher']);
  servers.markFailed(servers.current());
  expect(servers.current()).toBe('postgres://u:one@db/usher');
  url.renew('postgres://u:two@other/usher');
  expect([servers.count, servers.current()]).toEqual([1, 'postgres://u:two@other/usher']);
});

it('an open resource remains in use until a new one opens with the renewed secret', async () => {
  const secret = new RenewableSecret('one');
  let isRefused = true;
  const closed: string[] = [];
  const renewing = createReopenable(secret, {
    open: (text) =>
      text === 'two' && isRefused ? Promise.reject(new Error()) : Promise.resolve(text),
    close: (opened) => Promise.resolve(void closed.push(opened)),
  });
  expect(await renewing.get()).toBe('one');
  secret.renew('two');
  expect(await renewing.get()).toBe('one');
  isRefused = false;
  await expect.poll(() => renewing.get()).toBe('two');
  expect(closed).toEqual(['one']);
  await renewing.close();
  expect(closed).toEqual(['one', 'two']);
});

it('a resource that was opened with a renewed secret is closed if it cannot be used', async () => {
  const secret = new RenewableSecret('one');
  let isRefused = true;
  const closed: string[] = [];
  const renewing = createReopenable(secret, {
    open: (text) => Promise.resolve(text),
    test: () => (isRefused ? Promise.reject(new Error()) : Promise.resolve()),
    close: (opened) => Promise.resolve(void closed.push(opened)),
  });
  // Nothing else could be used instead of the first one.
  expect(await renewing.get()).toBe('one');
  secret.renew('two');
  expect(await renewing.get()).toBe('one');
  await expect.poll(() => closed).toEqual(['two']);
  isRefused = false;
  await expect.poll(() => renewing.get()).toBe('two');
  expect(closed.at(-1)).toBe('one');
});

reportMariadb('a changed password of MariaDB');

describeMariadb('a changed password of MariaDB', () => {
  const server = useMariadb();

  it('is used as soon as the server accepts it, and no earlier query fails', async () => {
    const name = `reader_${randomBytes(4).toString('hex')}`;
    await server.admin.query(`CREATE USER ${name}@127.0.0.1 IDENTIFIED BY 'one'`);
    await server.admin.query(`GRANT SELECT ON shop.* TO ${name}@127.0.0.1`);
    const urlWith = (password: string) => server.url.replace('root', `${name}:${password}`);
    const url = new RenewableSecret(urlWith('one'));
    const host = createApplicationDatabase({ url, timeZone: 'UTC', timeoutMs: 30_000 });
    const connection = () =>
      host.findRow<{ readonly id: unknown }>('SELECT connection_id() AS id', []);
    const first = await connection();
    url.renew(urlWith('two'));
    expect(await connection()).toEqual(first);
    await server.admin.query(`SET PASSWORD FOR ${name}@127.0.0.1 = PASSWORD('two')`);
    await expect.poll(connection, { timeout: 30_000 }).not.toEqual(first);
    await host.close();
  });
});
