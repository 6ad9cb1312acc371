import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { describe, expect, it, onTestFinished } from 'vitest';

import { createDatabase } from '../../src/database/client.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { reportSkipped } from '../support/skipped.ts';
import { startCachingProcess } from './support/caching-process.ts';
import { packagedPrograms, startPackagedPostgres } from './support/packaged-postgres.ts';
import { startPostgres } from './support/postgres.ts';

if (packagedPrograms === undefined) {
  reportSkipped('pg_dump', 'pg_dump is not installed; its tests do not run');
}

/** An address that forwards to one server, and later to another. */
async function startAddress(first: string) {
  let port = Number(new URL(first).port);
  const open = new Set<Socket>();
  const forwarder = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => (open.delete(one), other.destroy()));
    }
  });
  await once(forwarder.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(first);
  url.port = String((forwarder.address() as { readonly port: number }).port);
  const disconnectAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: url.href,
    /** Connections to the previous server stay open. */
    forwardTo: (server: string) => {
      port = Number(new URL(server).port);
    },
    disconnectAll,
    stop: () => {
      disconnectAll();
      forwarder.close();
    },
  };
}

describe.skipIf(packagedPrograms === undefined)(
  'a database that was dumped and restored into a fresh cluster',
  () => {
    it('uses no earlier cached state for the next decision, in a running process and in a new one', async () => {
      const before = await startPackagedPostgres();
      onTestFinished(before.stop);
      const after = await startPackagedPostgres();
      onTestFinished(after.stop);
      const own = (text: string) => `SET search_path = usher; ${text}`;
      await prepareDatabase(new Secret(before.url));
      await before.query(own(`INSERT INTO orders (order_id, owner_id) VALUES ('O', '15')`));
      // A dump of one database has no roles.
      await after.query('CREATE ROLE usher_service NOLOGIN');
      // Its rows of `table_changes` have higher transaction numbers than the new cluster.
      const [ahead] = await after.query<{ xid: string }>(
        'SELECT pg_current_xact_id()::text AS xid',
      );
      await before.query(`INSERT INTO usher.table_changes (xid, changed)
      SELECT n, 'facts:order' FROM generate_series(1, ${String(Number(ahead!.xid) + 5_000)}) AS n ON CONFLICT DO NOTHING`);
      const address = await startAddress(before.url);
      onTestFinished(address.stop);
      const { role } = await prepareDatabase(new Secret(address.url));
      const database = createDatabase({ url: new Secret(address.url), role });
      onTestFinished(database.close);
      const { decide } = startCachingProcess(database);
      for (let n = 0; n < 3; n += 1) expect(await decide('O')).toBe('15');

      execFileSync('/bin/sh', [
        '-c',
        `"$0"/pg_dump -Fc "$1" | "$0"/pg_restore --no-owner -d "$2"`,
        ...[packagedPrograms!, before.url, after.url],
      ]);
      await after.query(`UPDATE usher.orders SET owner_id = '77'`);
      address.disconnectAll();
      address.forwardTo(after.url);
      const restarted = createDatabase({ url: new Secret(address.url), role });
      onTestFinished(restarted.close);
      const { decide: decideInNewProcess } = startCachingProcess(restarted);
      await expect.poll(() => decide('O').catch(() => 'no response')).toBe('77');
      for (const [round, owner] of ['15', '77', '15', '77'].entries()) {
        expect(await decideInNewProcess('O')).toBe(round % 2 === 0 ? '77' : '15');
        await after.query(`UPDATE usher.orders SET owner_id = '${owner}'`);
        for (const each of [decide, decideInNewProcess]) expect(await each('O')).toBe(owner);
      }
    });

    it('grants nothing on an open connection to the previous server at the address', async () => {
      const [before, after] = await Promise.all([startPostgres(), startPostgres()]);
      onTestFinished(() => Promise.all([before.remove(), after.remove()]).then(() => undefined));
      for (const [server, owner] of [
        [before, '15'],
        [after, '77'],
      ] as const) {
        await prepareDatabase(new Secret(server.url));
        await server.query(
          `INSERT INTO usher.orders (order_id, owner_id) VALUES ('O', '${owner}')`,
        );
      }
      // Both servers have the same password here, as two nodes of one cluster have.
      const [{ password }] = [new URL(before.url)];
      await after.query(`ALTER ROLE usher PASSWORD '${password}'`);
      const address = await startAddress(before.url);
      onTestFinished(address.stop);
      const database = createDatabase({ url: new Secret(address.url), role: 'usher_service' });
      onTestFinished(database.close);
      const { decide } = startCachingProcess(database);
      for (let n = 0; n < 3; n += 1) await Promise.all([decide('O'), decide('O'), decide('O')]);
      address.forwardTo(after.url);
      // One new connection is enough to detect another server.
      await Promise.all(
        Array.from({ length: 10 }, () =>
          database.execute({ name: 'wait', text: 'SELECT pg_sleep(0.2)::text', values: [] }),
        ),
      );
      for (let n = 0; n < 5; n += 1) expect(await decide('O')).toBe('77');
    });
  },
);
