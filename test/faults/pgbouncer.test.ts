import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { createDatabase } from '../../src/database/client.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { createTickets } from '../../src/database/repositories/tickets.ts';
import { serviceRole } from '../../src/database/row-level-security/service-role.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { reportSkipped } from '../support/skipped.ts';
import { hasPgBouncer, startPgBouncer } from './support/pgbouncer.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { startService } from './support/service.ts';

if (!hasPgBouncer) {
  reportSkipped('pgbouncer', 'pgbouncer is not installed; its tests do not run');
}

describe.skipIf(!hasPgBouncer)('PgBouncer in front of PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
    // West of UTC an expired row would look valid, and a live one expired, to a session without its own time zone.
    await postgres.query(`ALTER DATABASE postgres SET timezone = 'America/Los_Angeles'`);
    await postgres.query(`ALTER DATABASE postgres SET synchronous_commit = off`);
  });
  afterAll(() => postgres.remove());

  it.each([
    ['with its default configuration', ''],
    ['with ignored startup parameters', 'ignore_startup_parameters = options,extra_float_digits'],
    ['without a reset between clients', 'server_reset_query ='],
  ])('works in session mode %s', async (_how, settings) => {
    const bouncer = await startPgBouncer(postgres.url, `pool_mode = session\n${settings}`);
    onTestFinished(bouncer.stop);
    const url = new Secret(bouncer.url);
    // Twice: the second client gets the server sessions of the first.
    for (let client = 0; client < 2; client += 1) {
      const { role } = await prepareDatabase(url);
      const database = createDatabase({ url, role });
      try {
        const [seen] = await database.execute({
          name: 'test_session',
          text: `SELECT current_user::text AS role, current_setting('TimeZone') AS zone,
            current_setting('synchronous_commit') AS durable, current_setting('statement_timeout') AS limit,
            row_security_active('facts') AS held`,
          values: [],
        });
        expect(seen).toEqual({
          role: serviceRole,
          zone: 'UTC',
          durable: 'on',
          limit: '3s',
          held: true,
        });
        const tickets = createTickets(database);
        const [hash, now] = [`hash-${String(client)}-${settings}`, Date.now()];
        await tickets.put(hash, { expiresAt: now + 60_000 } as never);
        await tickets.deleteExpired(now);
        expect(await tickets.consume(hash)).toMatchObject({ isFirstUse: true });
      } finally {
        await database.close();
      }
    }
    const usher = await startService({ DATABASE_URL: bouncer.url });
    await usher.stop();
  });

  it.each(['transaction', 'statement'])(
    'is refused in %s mode, by each of eight concurrent starts and by the next one',
    async (mode) => {
      const bouncer = await startPgBouncer(postgres.url, `pool_mode = ${mode}`);
      onTestFinished(bouncer.stop);
      const start = () => prepareDatabase(new Secret(bouncer.url));
      const starts = await Promise.allSettled([...Array.from({ length: 8 }, start)]);
      for (const each of [...starts, ...(await Promise.allSettled([start()]))]) {
        expect(each).toMatchObject({ status: 'rejected', reason: { name: 'StartRefused' } });
        expect(String((each as PromiseRejectedResult).reason)).toContain('pool_mode=session');
      }
      // Nothing was set on sessions that an application shares.
      const sessions = `SELECT current_setting('search_path') AS path`;
      expect(await postgres.query(sessions)).toEqual([{ path: '"$user", public' }]);
      await expect(startService({ DATABASE_URL: bouncer.url })).rejects.toThrow(
        'pool_mode=session',
      );
    },
  );

  it('stops a start that waits for another one', async () => {
    const holder = new Client({ connectionString: postgres.url });
    await holder.connect();
    onTestFinished(() => holder.end());
    await holder.query('SELECT pg_advisory_lock(72707369)');
    const stopping = new AbortController();
    const start = prepareDatabase(new Secret(postgres.url), { signal: stopping.signal });
    start.catch(() => undefined);
    await expect
      .poll(() =>
        postgres.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`),
      )
      .toHaveLength(1);
    stopping.abort(new Error('to end'));
    await expect(start).rejects.toThrow('to end');
  });
});
