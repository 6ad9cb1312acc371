import { expect, it, onTestFinished } from 'vitest';
import { createDatabase } from '../../src/database/client.ts';
import { createOpenListPage } from '../../src/facts/store/list-ids.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';

describePostgres('what is a principal’s own', (server) => {
  const at = useDatabase(server);

  /** Rows that the database read while this was done, by a scan of a whole table and by an index. */
  async function rowsRead(
    ask: () => Promise<unknown>,
  ): Promise<{ scanned: number; found: number }> {
    const read = () =>
      withClient(at.url, async (admin) => {
        const { rows } = await admin.query<{ scanned: number; found: number }>(`
          SELECT sum(t.seq_tup_read)::int AS scanned,
            (SELECT sum(idx_tup_read)::int FROM pg_stat_user_indexes) AS found
          FROM pg_stat_user_tables t`);
        return rows[0]!;
      });
    const before = await read();
    await ask();
    const after = await read();
    return { scanned: after.scanned - before.scanned, found: after.found - before.found };
  }

  it('is found without workers or a compiler, however large PostgreSQL takes a table to be', async () => {
    const name = new URL(at.url.reveal()).pathname.slice(1);
    onTestFinished(() =>
      withClient(at.url, async (admin) => {
        await admin.query(`ALTER DATABASE ${name} RESET ALL`);
      }),
    );
    await withClient(at.url, (admin) =>
      admin.query(`
        ALTER DATABASE ${name} SET parallel_setup_cost = 0;
        ALTER DATABASE ${name} SET parallel_tuple_cost = 0;
        ALTER DATABASE ${name} SET min_parallel_table_scan_size = 0;
        ALTER DATABASE ${name} SET min_parallel_index_scan_size = 0;
        ALTER DATABASE ${name} SET jit_above_cost = 0;
        INSERT INTO rooms (room_id, participants) SELECT 'many-' || n, '{15}' FROM generate_series(1, 1000) n;
        ANALYZE rooms`),
    );
    const database = createDatabase({ url: at.url, role: server.role });
    const plan = await database.query(
      (prisma) => prisma.$queryRaw`EXPLAIN SELECT count(*) FROM rooms WHERE participants @> '{15}'`,
    );
    await database.close();
    expect(JSON.stringify(plan)).toContain('Scan');
    expect(JSON.stringify(plan)).not.toMatch(/Gather|JIT/);
  });

  it('is found by indexes among 20,000 rows of each kind, under row-level security', async () => {
    await withClient(at.url, (admin) =>
      admin.query(`
        INSERT INTO escrows (tenant_id, escrow_id, buyer_id, seller_id, status)
          SELECT 't', n, 'b' || n, 's' || n, 'FUNDED' FROM generate_series(1, 20000) n;
        INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, expires_at)
          SELECT n, n, 'l' || n, now() FROM generate_series(1, 20000) n;
        INSERT INTO rooms (room_id, tenant_id, participants, guest_session_id)
          SELECT n, 't', ARRAY['p' || n, 'q' || n], n FROM generate_series(1, 20000) n;
        INSERT INTO orders (order_id, owner_id)
          SELECT n, 'o' || n FROM generate_series(1, 20000) n`),
    );
    await withClient(at.url, (admin) => admin.query('VACUUM ANALYZE'));
    const answers: (readonly string[])[] = [];
    const { scanned, found } = await rowsRead(async () => {
      // Its sessions end here, which is when PostgreSQL adds up what they have read.
      const database = createDatabase({ url: at.url, role: server.role, timeoutMs: 30_000 });
      const open = () => createOpenListPage(database)().lists;
      for (const ask of [
        () => open().escrowsOf('t', 'b7'),
        () => open().escrowsOf('t', 's7'),
        () => open().roomsOfUser('p7', 't'),
        () => open().roomsOfUser('l7', 't'),
        () => open().roomsOfSession('7'),
        () => open().ordersOf('o7'),
      ]) {
        answers.push(await ask());
      }
      await database.close();
    });
    expect(answers).toEqual(Array.from({ length: 6 }, () => ['7']));
    expect(scanned).toBe(0);
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(1_000);
  });
});
