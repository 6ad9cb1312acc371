import { Client } from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';

import { createDatabase } from '../../src/database/client.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { freeze } from '../support/freeze.ts';
import { startCachingProcess } from './support/caching-process.ts';
import { packagedPrograms, startPackagedPostgres } from './support/packaged-postgres.ts';
import { startPostgres } from './support/postgres.ts';

const servers = [
  {
    kind: 'embedded',
    start: async () => {
      const server = await startPostgres();
      return { ...server, stop: server.remove };
    },
  },
  ...(packagedPrograms === undefined ? [] : [{ kind: 'packaged', start: startPackagedPostgres }]),
];

it.each(servers)(
  'grants nothing by a commit that was lost when a backend crashed ($kind PostgreSQL)',
  async ({ start }) => {
    const server = await start();
    onTestFinished(() => server.stop());
    const { role } = await prepareDatabase(new Secret(server.url));
    await server.query(`INSERT INTO usher.orders (order_id, owner_id) VALUES ('O', '77')`);
    const database = createDatabase({ url: new Secret(server.url), role });
    onTestFinished(database.close);
    const { decide, readOrder } = startCachingProcess(database);
    for (let n = 0; n < 3; n += 1) expect(await decide('O')).toBe('77');
    const startedAt = () => server.query('SELECT pg_postmaster_start_time()::text');
    const before = await startedAt();

    const client = new Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ walWriter: number; backend: number }>(
      `SELECT pid AS "walWriter", pg_backend_pid() AS backend
       FROM pg_stat_activity WHERE backend_type = 'walwriter'`,
    );
    const { walWriter, backend } = rows[0]!;
    // Nothing else writes an asynchronous commit to the disk.
    await freeze(walWriter);
    await client.query(`SET synchronous_commit = off; UPDATE usher.orders SET owner_id = '15'`);
    expect(await readOrder('O')).toBe('15');
    process.kill(backend, 'SIGKILL');

    const ownerInDatabase = async () =>
      (await server.query<{ owner_id: string }>('SELECT owner_id FROM usher.orders'))[0]?.owner_id;
    // The server kills the stopped process after 5 s, and recovers.
    await vi.waitFor(
      async () => {
        expect(await ownerInDatabase()).toBe('77');
      },
      {
        timeout: 60_000,
        interval: 100,
      },
    );
    expect(await startedAt()).toEqual(before);
    // The connections of the pool are closed, so the first attempts may fail.
    const decided = await vi.waitFor(() => decide('O'), { timeout: 60_000, interval: 100 });
    expect(decided).toBe('77');
  },
);
