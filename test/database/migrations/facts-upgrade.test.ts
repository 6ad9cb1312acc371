import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import { prepareDatabase } from '../../../src/database/prepare-database.ts';
import { serviceRole } from '../../../src/database/row-level-security/service-role.ts';
import { openFactPages } from '../../support/fact-page.ts';
import { createPushedFacts } from '../../../src/facts/pushed-facts.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import {
  createTestDatabase,
  describePostgres,
  withClient,
  type TestDatabase,
} from '../../support/database.ts';
import { booking, escrow, order, room } from '../../support/fact-kinds.ts';

const ours = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const lastOfRelease = '20261127220000_no_index_of_subjects';

/** Rows as the last release wrote them, and as SQL may have. */
const rows = `
  INSERT INTO bookings (hotel_slug, booking_id, status, room_number, check_out, updated_at) VALUES
    ('h', 'B', 'open', '7', '2026-11-27 12:00:00.25+01', '2026-01-02 03:04:05.678Z'),
    ('h', 'C', 'cancelled', NULL, NULL, now()), ('h', 'D', 'open', NULL, 'infinity', now());
  INSERT INTO escrows (tenant_id, escrow_id, buyer_id, seller_id, status) VALUES
    ('1', 'E', '15', '16', 'FUNDED'), ('2', 'E', '15', '17', 'FUNDED');
  INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, expires_at) VALUES
    ('s', 'hash', '21', 'infinity');
  INSERT INTO rooms (room_id, tenant_id, participants, guest_session_id) VALUES
    ('R', NULL, ARRAY['15', NULL, '15'], 's'), ('S', '1', '{15}', NULL), ('T', '2', '{}', NULL);
  INSERT INTO orders (order_id, owner_id) VALUES ('O', '15')`;

/** Statements of the last release, with which a replica decides during an upgrade. */
const lastRelease = {
  booking: `SELECT status::text, room_number::text, check_out::timestamptz FROM bookings
    WHERE hotel_slug = 'h' AND booking_id = 'B' OFFSET 0`,
  escrow: `SELECT found.* FROM (SELECT set_config('usher.tenant', '1', true) AS id OFFSET 0) AS tenant
    CROSS JOIN LATERAL (SELECT tenant_id, escrow_id, buyer_id, seller_id, status FROM escrows
      WHERE tenant_id = tenant.id AND escrow_id = 'E' OFFSET 0) AS found`,
  room: `SELECT r.room_id, r.participants, r.guest_session_id, r.tenant_id, s.linked_user_id
    FROM rooms r LEFT JOIN guest_sessions s ON s.session_id = r.guest_session_id WHERE r.room_id = 'R' OFFSET 0`,
  order: `SELECT owner_id FROM orders WHERE order_id = 'O' OFFSET 0`,
  list: `SELECT room_id FROM room_participants WHERE user_id = '15' ORDER BY room_id`,
  cached: `SELECT relname FROM pg_class JOIN pg_trigger ON tgrelid = pg_class.oid
    WHERE pg_class.oid IN (to_regclass('bookings'), to_regclass('escrows'), to_regclass('rooms'), to_regclass('orders'))
      AND tgname = 'usher_note_change' AND tgenabled = 'A'`,
};

describePostgres('the upgrade of a database of the last release', (server) => {
  let at: TestDatabase;
  let release: string;
  beforeEach(async () => {
    at = await createTestDatabase(server, 'template0');
    release = await mkdtemp(join(tmpdir(), 'usher-release-'));
    await cp(ours, release, {
      recursive: true,
      filter: (path) =>
        !/\/2026\d{10}_/.test(path) || path.slice(ours.length + 1) <= `${lastOfRelease}~`,
    });
  });
  afterEach(async () => {
    await at.drop();
    await rm(release, { recursive: true });
  });

  const query = async (sql: string, url: Secret = at.url) =>
    (await withClient(url, (admin) => admin.query<Record<string, unknown>>(sql))).rows;
  const withFacts = async <T>(
    use: (facts: ReturnType<typeof createPushedFacts>, role: string | undefined) => Promise<T>,
    url: Secret = at.url,
  ) => {
    const { role } = await prepareDatabase(url);
    const database = createDatabase({ url, role });
    try {
      return await use(createPushedFacts(database), role);
    } finally {
      await database.close();
    }
  };
  const asService = (sql: string) =>
    withClient(at.url, async (client) => {
      await client.query(`SET ROLE ${serviceRole}; SET enable_seqscan = off; BEGIN`);
      return (await client.query<Record<string, unknown>>(sql)).rows;
    });

  /** Prepares as the last release did: today's start would grant privileges on tables that it does not have. */
  const startLastRelease = async (url: Secret = at.url) => {
    await withClient(url, async (admin) => {
      await admin.query('CREATE SCHEMA IF NOT EXISTS usher; SET search_path = usher');
      await migrate(admin, release);
      await admin.query(`GRANT USAGE ON SCHEMA usher TO ${serviceRole};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA usher TO ${serviceRole};
        REVOKE UPDATE ON audit_log, security_events FROM ${serviceRole}`);
    });
  };

  it('keeps every fact once, however often Usher starts', async () => {
    await startLastRelease();
    await query(rows);
    for (let start = 0; start < 2; start += 1) {
      await withFacts(async ({ find, read }) => {
        expect(await find(booking, ['h', 'B'], {})).toEqual({
          status: 'open',
          room_number: '7',
          check_out: new Date('2026-11-27T11:00:00.250Z'),
        });
        expect(await find(booking, ['h', 'C'], {})).toEqual({ status: 'cancelled' });
        expect(await find(booking, ['h', 'D'], {})).toEqual({
          status: 'open',
          check_out: new Date('9999-12-31T23:59:59.999Z'),
        });
        expect(await find(escrow, ['1', 'E'], {})).toEqual({
          buyer_id: '15',
          seller_id: '16',
          status: 'FUNDED',
        });
        expect(await find(room, ['R'], {})).toEqual({
          participants: ['15', '15'],
          guest_session_id: { id: 's', user: '21' },
        });
        expect(await find(room, ['T'], {})).toBeUndefined();
        expect(await find(room, ['T'], { tenantId: '2' })).toEqual({
          tenant_id: '2',
          participants: [],
        });
        expect(await read(order, ['O'])).toEqual({ owner_id: '15' });
      });
      expect(await query('SELECT count(*)::int AS n FROM facts')).toEqual([{ n: 9 }]);
      expect(
        await query(`SELECT updated_at FROM facts WHERE kind = 'booking' AND ids[2] = 'B'`),
      ).toEqual([{ updated_at: new Date('2026-01-02T03:04:05.678Z') }]);
    }
  });

  it('lists every fact', async () => {
    await startLastRelease();
    await query(rows);
    const { role } = await prepareDatabase(at.url);
    const database = createDatabase({ url: at.url, role });
    const page = openFactPages(database)();
    const list = (...args: Parameters<typeof page.list>) => page.list(...args);
    const where = { participants: '15' };
    expect(await list([{ kind: room, where }], { tenantId: '1' })).toEqual([['R'], ['S']]);
    expect(await list([{ kind: room, where: { 'guest_session_id.user': '21' } }], {})).toEqual([
      ['R'],
    ]);
    expect(
      await list([{ kind: escrow, where: { tenantId: '1', buyer_id: '15' } }], { tenantId: '1' }),
    ).toEqual([['1', 'E']]);
    await database.close();
  });

  it('lets a replica of the last release decide by the new rows, from indexes and without a cache', async () => {
    await startLastRelease();
    await query(rows);
    const before: Record<string, unknown> = {};
    for (const [name, sql] of Object.entries(lastRelease)) {
      if (name !== 'cached') before[name] = await asService(sql);
    }
    await prepareDatabase(at.url);
    for (const [name, known] of Object.entries(before)) {
      const found = await asService(lastRelease[name as keyof typeof lastRelease]);
      // NULL is no participant any more.
      const expected = JSON.stringify(known).replace('"15",null,"15"', '"15","15"');
      expect([name, JSON.stringify(found)]).toEqual([name, expected]);
    }
    expect(await asService(lastRelease.cached)).toEqual([]);
    for (const name of ['booking', 'escrow', 'order'] as const) {
      const plan = JSON.stringify(await asService(`EXPLAIN ${lastRelease[name]}`));
      expect(plan).toMatch(/Index Cond: [^"]*ids\[1\]/);
    }
    await query(`INSERT INTO bookings VALUES ('h', 'N', 'open'); DELETE FROM orders;
      UPDATE rooms SET participants = array_append(participants, '33') WHERE guest_session_id = 's'`);
    await withFacts(async ({ find }) => {
      expect(await find(booking, ['h', 'N'], {})).toEqual({ status: 'open' });
      expect(await find(order, ['O'], {})).toBeUndefined();
      expect((await find(room, ['R'], {}))?.['participants']).toEqual(['15', '15', '33']);
    });
  });

  it('keeps the privileges of the application’s logins, which need none on the new tables', async () => {
    const login = `usher_host_${Date.now().toString(36)}`;
    await startLastRelease();
    await query(`CREATE ROLE ${login}; GRANT USAGE ON SCHEMA usher TO ${login};
      GRANT SELECT, INSERT, UPDATE ON bookings, escrows TO ${login}`);
    try {
      await prepareDatabase(at.url);
      const asApplicationRole = (sql: string) => query(`SET ROLE ${login}; ${sql}`);
      await asApplicationRole(`INSERT INTO usher.bookings VALUES ('h', 'H', 'open')`);
      await asApplicationRole(
        `UPDATE usher.bookings SET status = 'cancelled' WHERE booking_id = 'H'`,
      );
      expect(await query(`SELECT status FROM bookings WHERE booking_id = 'H'`)).toEqual([
        { status: 'cancelled' },
      ]);
      await expect(asApplicationRole('DELETE FROM usher.bookings')).rejects.toThrow(
        'permission denied',
      );
      await expect(asApplicationRole('SELECT FROM usher.facts')).rejects.toThrow(
        'permission denied',
      );
      const insert = `INSERT INTO usher.escrows VALUES ('1', 'H', 'b', 's', 'x')`;
      await expect(asApplicationRole(insert)).rejects.toThrow('row-level security');
      await asApplicationRole(`SET usher.tenant = '1'; ${insert}`);
    } finally {
      await query(`DROP OWNED BY ${login}; DROP ROLE ${login}`);
    }
  });

  it('works with a login that is subject to row-level security and owns the tables', async () => {
    const login = `usher_owner_${Date.now().toString(36)}`;
    const url = new URL(at.url.reveal());
    await query(`CREATE ROLE ${login} LOGIN PASSWORD 'p';
      ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${login}`);
    [url.username, url.password] = [login, 'p'];
    const owner = new Secret(url.href);
    try {
      await withClient(owner, async (client) => {
        await client.query('CREATE SCHEMA usher; SET search_path = usher');
        await migrate(client, release);
      });
      await query(rows);
      await withFacts(async ({ find, put }, role) => {
        expect(role).toBeUndefined();
        expect(await find(escrow, ['2', 'E'], {})).toMatchObject({ seller_id: '17' });
        await put(room, ['U'], { tenant_id: '3', participants: ['15'] });
        expect(await find(room, ['U'], { tenantId: '3' })).toBeDefined();
        expect(await find(room, ['U'], {})).toBeUndefined();
      }, owner);
      // An administrator bypasses row-level security also in the views.
      await query(`INSERT INTO escrows VALUES ('4', 'X', 'b', 's', 'x')`);
      expect(await query(`SELECT kind FROM facts WHERE tenant_id = '4'`)).toHaveLength(1);
    } finally {
      await at.drop();
      await withClient(server.url, (admin) => admin.query(`DROP ROLE ${login}`));
      at = await createTestDatabase(server, 'template0');
    }
  });

  it('keeps a view with which the application has replaced a table, and reads it, also with a tenant', async () => {
    await startLastRelease();
    await query(rows);
    await query(`ALTER TABLE rooms RENAME TO talks; ALTER TABLE orders RENAME TO sales;
      CREATE VIEW rooms AS SELECT * FROM talks; CREATE VIEW orders AS SELECT * FROM sales`);
    await withFacts(async ({ find }) => {
      expect(await query('SELECT DISTINCT kind FROM facts ORDER BY 1')).toEqual([
        ...[{ kind: 'booking' }, { kind: 'escrow' }],
      ]);
      expect(await find(order, ['O'], {})).toEqual({ owner_id: '15' });
      expect(await find(room, ['R'], {})).toEqual({
        participants: ['15', '15'],
        guest_session_id: { id: 's', user: '21' },
      });
      expect(await find(room, ['S'], { tenantId: '1' })).toMatchObject({ participants: ['15'] });
    });
    const { role } = await prepareDatabase(at.url);
    const database = createDatabase({ url: at.url, role });
    const queries = [
      { kind: room, where: { participants: '15' } },
      { kind: room, where: { 'guest_session_id.user': '21' } },
    ];
    expect(await openFactPages(database)().list(queries, { tenantId: '1' })).toEqual([
      ...[['R'], ['S']],
    ]);
    await database.close();
  });
});
