import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { migrate } from '../../src/database/migrations/migrate.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { createPushedFacts } from '../../src/facts/pushed-facts.ts';
import { StartRefused } from '../../src/runtime/start-refused.ts';
import { createTestDatabase, describePostgres, withClient } from '../support/database.ts';
import { booking, order, room } from '../support/fact-kinds.ts';
import type { TestDatabase } from '../support/database.ts';

const ours = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const lastOfRelease = '20261121081701_table_changes';

describePostgres('the schema of our tables', (server) => {
  let at: TestDatabase;
  beforeEach(async () => {
    at = await createTestDatabase(server, 'template0');
  });
  afterEach(() => at.drop());

  const query = async (sql: string) =>
    (await withClient(at.url, (admin) => admin.query<Record<string, unknown>>(sql))).rows;
  const tablesIn = async (schema: string) =>
    (
      await query(
        `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('${schema}')
         AND relkind IN ('r', 'v') ORDER BY 1`,
      )
    ).map(({ name }) => name);
  const withDatabase = async <T>(use: (database: Database) => Promise<T>, schema?: string) => {
    const options = schema === undefined ? {} : { schema };
    const { role } = await prepareDatabase(at.url, options);
    const database = createDatabase({ url: at.url, role, ...options });
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  };

  /** The state of the last release: its migrations, applied in the schema `public`. */
  const releaseBefore = async (until = lastOfRelease) => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-release-'));
    await cp(ours, directory, {
      recursive: true,
      filter: (path) => !/\/2026\d{10}_/.test(path) || path.slice(ours.length + 1) <= `${until}~`,
    });
    await withClient(at.url, async (admin) => {
      await admin.query('SET search_path = public');
      await migrate(admin, directory);
    });
    await rm(directory, { recursive: true });
  };

  it('does not change tables or migrations of an application in public', async () => {
    await query(`
      CREATE TABLE public.orders (id int); INSERT INTO public.orders VALUES (1);
      CREATE TABLE public._prisma_migrations (id text, migration_name text, finished_at timestamptz, rolled_back_at timestamptz);
      INSERT INTO public._prisma_migrations VALUES ('x', '20200101000000_theirs', NULL, NULL)`);
    const found = await withDatabase(async (database) => {
      await createPushedFacts(database).put(order, ['O'], { owner_id: 'u' });
      return createPushedFacts(database).find(order, ['O'], {});
    });
    expect(found).toEqual({ owner_id: 'u' });
    expect(await query('SELECT * FROM public.orders')).toEqual([{ id: 1 }]);
    expect(await query('SELECT id FROM public._prisma_migrations')).toEqual([{ id: 'x' }]);
    expect(await tablesIn('public')).toEqual(['_prisma_migrations', 'orders']);
  });

  it('is the configured one, which may be any name, also a keyword of PostgreSQL', async () => {
    for (const schema of ['ours', 'user', 'select']) {
      await withDatabase(async (database) => {
        const [ids, body] = [['h', schema], { status: 'open' }];
        await createPushedFacts(database).put(booking, ids, body);
        expect(await createPushedFacts(database).find(booking, ids, {})).toEqual(body);
      }, schema);
      expect(await query(`SELECT booking_id AS id FROM "${schema}".bookings`)).toEqual([
        { id: schema },
      ]);
    }
    expect(await tablesIn('public')).toEqual([]);
  });

  it('adopts the tables of the last release with their rows, once, with any number of concurrent starts', async () => {
    await releaseBefore();
    await query(`
      INSERT INTO public.bookings VALUES ('h', 'B', 'open');
      INSERT INTO public.revocations VALUES ('["user","u"]', now());
      INSERT INTO public.audit_log (decision_id, at, action, outcome, checks, request_id, address)
        VALUES ('d', now(), 'subscribe', 'grant', '[]', 'r', '::1')`);
    const starts = await Promise.all(Array.from({ length: 8 }, () => prepareDatabase(at.url)));
    expect(starts.filter(({ moved }) => moved.length > 0)).toHaveLength(1);
    expect(starts.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    expect(await tablesIn('public')).toEqual(['_prisma_migrations']);
    expect(await query(`SELECT subject FROM usher.revocations`)).toEqual([
      { subject: '["user","u"]' },
    ]);
    expect(await query(`SELECT decision_id AS id FROM usher.audit_log`)).toEqual([{ id: 'd' }]);
    await withDatabase(async (database) => {
      const facts = createPushedFacts(database);
      expect(await facts.find(booking, ['h', 'B'], {})).toEqual({ status: 'open' });
      const [noted] = await query('SELECT count(*)::int AS n FROM usher.table_changes');
      await facts.put(booking, ['h', 'B'], { status: 'cancelled' });
      expect(await query('SELECT count(*)::int AS n FROM usher.table_changes')).toEqual([
        { n: (noted!['n'] as number) + 1 },
      ]);
    });
  });

  it('leaves a database in which a replica of the last release does not start with empty tables', async () => {
    await releaseBefore();
    await prepareDatabase(at.url);
    await expect(prepareDatabase(at.url, { schema: 'public' })).rejects.toThrow();
    expect(await tablesIn('public')).toEqual(['_prisma_migrations']);
  });

  it('adopts only tables of our migrations, after a start that a table of an application prevented', async () => {
    await releaseBefore('20261121010000_facts_and_audit');
    await query(
      `CREATE TABLE public.orders (id int); INSERT INTO public.bookings VALUES ('h', 'B', 'open')`,
    );
    expect((await prepareDatabase(at.url)).moved).toEqual([
      ...['audit_log', 'bookings', 'escrows', 'security_events'],
    ]);
    expect(await tablesIn('public')).toEqual(['_prisma_migrations', 'orders']);
    expect(await query(`SELECT booking_id AS id FROM usher.bookings`)).toEqual([{ id: 'B' }]);
  });

  it('keeps a view with which the application replaced a table, in the schema of the application', async () => {
    await releaseBefore();
    const view = (status: string) => `CREATE OR REPLACE VIEW public.bookings AS
      SELECT 'h'::text AS hotel_slug, 'V'::text AS booking_id, '${status}'::text AS status, NULL::text AS room_number,
        NULL::timestamptz AS check_out, now() AS updated_at`;
    await query(`DROP TABLE public.bookings; ${view('open')}`);
    await withDatabase(async (database) => {
      const { find } = createPushedFacts(database);
      expect(await find(booking, ['h', 'V'], {})).toEqual({ status: 'open' });
      await query(view('cancelled'));
      expect(await find(booking, ['h', 'V'], {})).toEqual({ status: 'cancelled' });
      // No value of another word reaches a rule.
      await query(view('OPEN'));
      expect(await find(booking, ['h', 'V'], {})).toBeUndefined();
    });
  });

  it('adopts views with which the application replaced all tables of facts, unchanged', async () => {
    await releaseBefore();
    for (const name of ['bookings', 'escrows', 'rooms', 'orders', 'guest_sessions']) {
      await query(`ALTER TABLE public.${name} RENAME TO ${name}_of_host;
        CREATE VIEW public.${name} AS SELECT * FROM public.${name}_of_host`);
    }
    await query(`
      INSERT INTO public.guest_sessions (session_id, token_hash, linked_user_id, expires_at)
        VALUES ('s', 'hash', '15', 'infinity');
      INSERT INTO public.rooms (room_id, participants, guest_session_id) VALUES ('7', '{16}', 's');
      INSERT INTO public.orders VALUES ('99', '15')`);
    await withDatabase(async (database) => {
      const { find } = createPushedFacts(database);
      expect(await find(room, ['7'], {})).toEqual({
        participants: ['16'],
        guest_session_id: { id: 's', user: '15' },
      });
      expect(await find(order, ['99'], {})).toEqual({ owner_id: '15' });
    });
  });

  it('reports in one message that a login may not create it, and leaves no partial schema', async () => {
    const login = `usher_poor_${Date.now().toString(36)}`;
    await query(`CREATE ROLE ${login} LOGIN PASSWORD 'word'`);
    try {
      const url = new URL(at.url.reveal());
      [url.username, url.password] = [login, 'word'];
      const { Secret } = await import('../../src/runtime/secret.ts');
      const start = prepareDatabase(new Secret(url.href));
      await expect(start).rejects.toThrow(StartRefused);
      await expect(start).rejects.toThrow('may not create the schema "usher"');
      expect(await tablesIn('usher')).toEqual([]);
    } finally {
      await query(`DROP ROLE ${login}`);
    }
  });
});
