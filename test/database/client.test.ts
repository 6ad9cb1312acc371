import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/client.ts';
import { createDatabase } from '../../src/database/client.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { createPushedFacts } from '../../src/facts/pushed-facts.ts';
import type { FactKind } from '../../src/policy/fact-kind.ts';
import { booking, escrow } from '../support/fact-kinds.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  createTestDatabase,
  describePostgres,
  defaultServer,
  useDatabase,
  withClient,
} from '../support/database.ts';
import type { Instance } from '../support/instance.ts';
import { startInstance } from '../support/instance.ts';

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it answered'),
    (error: unknown) => error,
  );

describePostgres('a database whose time zone is not UTC', (server) => {
  let at: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    at = await createTestDatabase(server);
    const name = new URL(at.url.reveal()).pathname.slice(1);
    await withClient(server.url, (admin) =>
      admin.query(
        `ALTER DATABASE ${name} SET timezone = 'Asia/Tokyo';
         ALTER DATABASE ${name} SET synchronous_commit = off`,
      ),
    );
    database = createDatabase({ url: at.url, role: server.role });
  });
  afterAll(async () => {
    await database.close();
    await at.drop();
  });

  it('stores and returns the same instant', async () => {
    const checkOut = Date.UTC(2026, 6, 1, 10);
    const ids = ['h', 'zone'];
    const facts = createPushedFacts(database);
    await facts.put(booking, ids, { status: 'open', check_out: '2026-07-01T19:00:00+09:00' });
    const found = await facts.find(booking, ids, {});
    expect(found).toEqual({ status: 'open', check_out: new Date(checkOut) });
    const stored = await withClient(at.url, async (admin) => {
      expect((await admin.query('SHOW timezone')).rows).toEqual([{ TimeZone: 'Asia/Tokyo' }]);
      return admin.query('SELECT extract(epoch FROM check_out)::float * 1000 AS ms FROM bookings');
    });
    expect(stored.rows).toEqual([{ ms: checkOut }]);
  });

  it('sets UTC, our schema, durable commits and the service’s role on each connection, whatever the URL contains', async () => {
    const url = new URL(at.url.reveal());
    url.searchParams.set(
      'options',
      '-c TimeZone=Asia/Tokyo -c role=none -c search_path=pg_catalog -c synchronous_commit=off',
    );
    const own = createDatabase({ url: new Secret(url.href), role: server.role });
    const settings = () =>
      own.query(
        (prisma) => prisma.$queryRaw`SELECT current_setting('TimeZone') AS zone,
          current_user::text AS role, current_setting('search_path') AS path,
          current_setting('synchronous_commit') AS durable, pg_sleep(0.01)::text AS s`,
      );
    const seen = await Promise.all(Array.from({ length: 20 }, settings));
    for (const one of seen) {
      expect(one).toEqual([
        { zone: 'UTC', role: server.role, path: 'usher', durable: 'on', s: '' },
      ]);
    }
    await own.close();
  });
});

describePostgres('a connection that lacks a required setting', (server) => {
  const at = useDatabase(server);
  const refused = async (role = server.role) => {
    const database = createDatabase({ url: at.url, role });
    const run = failure(database.execute({ name: 'one', text: 'SELECT $1', values: ['1'] }));
    const error = await run.finally(() => database.close());
    expect(error).toBeInstanceOf(Unavailable);
    return inspect(error, { depth: 10 });
  };

  it('is refused if row-level security is off, and the message names the setting', async () => {
    const change = (what: string) =>
      withClient(at.url, (admin) => admin.query(`ALTER TABLE facts ${what} ROW LEVEL SECURITY`));
    await change('DISABLE');
    expect(await refused()).toContain('Row-level security is not in force');
    await expect(prepareDatabase(at.url)).rejects.toThrow(/usher_service on facts/);
    await change('ENABLE');
    await prepareDatabase(at.url);
  });

  it('is refused without its role', async () => {
    expect(await refused('usher_nobody')).toContain('22023');
  });

  it('is refused with a login that bypasses row-level security', async () => {
    const database = createDatabase({ url: at.url, role: undefined });
    const error = await failure(database.ping()).finally(() => database.close());
    expect(error).toBeInstanceOf(Unavailable);
  });

  it('is refused if the server is read-only', async () => {
    const name = new URL(at.url.reveal()).pathname.slice(1);
    const admin = (what: string) =>
      withClient(server.url, (client) => client.query(`ALTER DATABASE ${name} ${what}`));
    await admin('SET default_transaction_read_only = on');
    expect(await refused()).toContain('accepts no writes (25006)');
    await expect(prepareDatabase(at.url)).rejects.toThrow(/all servers of the cluster/);
    await admin('RESET default_transaction_read_only');
  });
});

describe('a database that is unavailable', () => {
  const closed = new Secret('postgres://teller:very-secret@127.0.0.1:1/bank');
  const at = useDatabase();

  it('is Unavailable, and the error contains neither its address nor its password', async () => {
    const database = createDatabase({ url: closed, role: undefined });
    for (const attempt of [
      () => database.ping(),
      () => createPushedFacts(database).find(booking, ['h', 'b'], {}),
      () => createPushedFacts(database).find(escrow, ['t', 'e'], {}),
      () => createPushedFacts(database).remove(escrow, ['t', 'e']),
      () => database.execute({ name: 'one', text: 'SELECT $1', values: ['1'] }),
      () => prepareDatabase(closed),
    ]) {
      const error = await failure(attempt());
      expect(error).toBeInstanceOf(Unavailable);
      expect((error as Unavailable).dependency).toBe('database');
      const printed = inspect(error, { depth: 10, showHidden: true });
      expect(printed).toMatch(/DatabaseNotReachable|nothing listens there \(ECONNREFUSED\)/);
      expect(printed).not.toMatch(/very-secret|teller|127\.0\.0\.1|bank/);
    }
    await database.close();
  });

  it.each([
    'postgres://teller:very-secret@127.0.0.1:port/bank',
    'postgres://teller:very/secret@127.0.0.1/bank',
    'very-secret',
    'postgres://teller:very-secret@no-such-host.invalid/bank',
  ])('does not repeat an invalid URL (%#)', async (url) => {
    const database = createDatabase({ url: new Secret(url), role: undefined, timeoutMs: 10_000 });
    for (const attempt of [() => database.ping(), () => prepareDatabase(new Secret(url))]) {
      const error = await failure(attempt());
      expect(error).toBeInstanceOf(Unavailable);
      const printed = inspect(error, { depth: 10, showHidden: true });
      expect(printed).not.toMatch(/very|secret|teller|bank|no-such-host/);
    }
    await database.close();
  });

  it('is Unavailable with a wrong password or a missing database, and the message says which', async () => {
    const wrong = new URL(defaultServer.url);
    wrong.password = 'wrong-word';
    const absent = new URL(defaultServer.url);
    absent.pathname = '/absent';
    for (const [url, words] of [
      [wrong, 'the password was refused (28P01)'],
      [absent, 'there is no such database (3D000)'],
    ] as const) {
      const database = createDatabase({ url: new Secret(url.href), role: undefined });
      for (const attempt of [() => database.ping(), () => prepareDatabase(new Secret(url.href))]) {
        const printed = inspect(await failure(attempt()), { depth: 10 });
        expect(printed).toContain(words);
        expect(printed).not.toMatch(/wrong-word|absent/);
      }
      await database.close();
    }
  });

  it('contains no row and no parameter in its errors', async () => {
    await withClient(at.url, (admin) =>
      admin.query(
        `ALTER TABLE facts ADD CONSTRAINT odd CHECK (fields ->> 'room_number' <> 'private-room')`,
      ),
    );
    const body = { status: 'open', room_number: 'private-room' };
    const put = createPushedFacts(at.database).put(booking, ['h', 'private-id'], body);
    const error = await failure(put);
    expect(error).toBeInstanceOf(Unavailable);
    const printed = inspect(error, { depth: 10, showHidden: true });
    expect(printed).toContain('23514');
    expect(printed).not.toMatch(/private/);
    const invalid = at.database.query((prisma) =>
      prisma.fact.create({ data: { private: 'private-room' } as never }),
    );
    expect(inspect(await failure(invalid), { depth: 10, showHidden: true })).not.toMatch(/private/);
  });

  it('keeps the error codes of queries', async () => {
    const data = { kind: 'booking', key: '', ids: ['h', 'twice'] };
    await at.database.query((prisma) => prisma.fact.create({ data }));
    const again = at.database.query((prisma) => prisma.fact.create({ data }));
    await expect(again).rejects.toMatchObject({ code: 'P2002' });
    const missing = at.database.query((prisma) =>
      prisma.fact.delete({ where: { kind_key: { kind: 'booking', key: '?' } } }),
    );
    await expect(missing).rejects.toMatchObject({ code: 'P2025' });
  });

  it('cancels a statement that takes too long', async () => {
    const database = createDatabase({ url: at.url, role: defaultServer.role, timeoutMs: 300 });
    const slow = database.query((prisma) => prisma.$queryRaw`SELECT pg_sleep(600)::text`);
    expect(inspect(await failure(slow), { depth: 10 })).toContain('57014');
    await database.ping();
    await database.close();
  });

  it('closes every connection, even if Prisma was never used', async () => {
    const database = createDatabase({ url: at.url, role: defaultServer.role });
    const text = 'SELECT pg_backend_pid()::text AS pid';
    const [row] = await database.execute({ name: 'test_pid', text, values: [] });
    const { pid } = row as { readonly pid: string };
    await database.close();
    const sessions = () =>
      withClient(at.url, async (client) => {
        const query = 'SELECT FROM pg_stat_activity WHERE pid = $1';
        return (await client.query(query, [pid])).rowCount;
      });
    // The server needs some time to notice; the pool alone would keep the connection for ten seconds.
    await expect.poll(sessions, { timeout: 30_000 }).toBe(0);
  });
});

describe('a server that freezes or restarts', () => {
  let instance: Instance;
  let database: Database;
  let resume: (() => void) | undefined;

  beforeAll(async () => {
    instance = await startInstance();
    const { role } = await prepareDatabase(instance.server.url);
    database = createDatabase({ url: instance.server.url, role, poolSize: 3, timeoutMs: 1_000 });
  });
  afterEach(() => {
    resume?.();
    resume = undefined;
  });
  afterAll(async () => {
    await database.close();
    await instance.close();
  });

  const putEscrow = (tenant: string) =>
    createPushedFacts(database).put(escrow, [tenant, 'E'], {
      buyer_id: 'b',
      seller_id: 's',
      status: 'OPEN',
    });
  const find = (kind: FactKind, ids: readonly string[]) =>
    createPushedFacts(database).find(kind, ids, {});
  const afterwards = async () => {
    await Promise.all(Array.from({ length: 6 }, (_, i) => putEscrow(`after-${String(i)}`)));
    // In a transaction that was left open these would be seen by their own connection only, and then be lost.
    const { rows } = await withClient(instance.server.url, (admin) =>
      admin.query(`SELECT count(*)::int AS kept,
        (SELECT count(*)::int FROM pg_stat_activity WHERE state LIKE 'idle in transaction%') AS open
        FROM facts WHERE tenant_id LIKE 'after-%'`),
    );
    expect(rows).toEqual([{ kept: 6, open: 0 }]);
    const seen = Array.from({ length: 6 }, () =>
      database.query((prisma) => prisma.fact.findMany()),
    );
    expect((await Promise.all(seen)).flat()).toEqual([]);
  };

  it.each([
    ['a lookup of a booking', () => find(booking, ['h', 'b'])],
    ['a lookup of an escrow', () => find(escrow, ['t', 'e'])],
    ['a change', () => putEscrow('frozen')],
    ['a transaction', () => createPushedFacts(database).remove(escrow, ['frozen', 'E'])],
    ['a ping', () => database.ping()],
  ])('aborts %s at a frozen server, and works when the server continues', async (_what, query) => {
    await Promise.all(Array.from({ length: 3 }, () => database.ping()));
    resume = await instance.freeze();
    for (let round = 0; round < 2; round += 1) {
      const errors = await Promise.all(Array.from({ length: 4 }, () => failure(query())));
      for (const error of errors) expect(error).toBeInstanceOf(Unavailable);
    }
    resume();
    resume = undefined;
    await afterwards();
  });

  it('does not reuse a connection whose transaction was interrupted', async () => {
    await withClient(instance.server.url, async (admin) => {
      await admin.query('BEGIN; LOCK TABLE facts');
      const halfWay = failure(createPushedFacts(database).remove(escrow, ['half-way', 'E']));
      const waiting = `SELECT FROM pg_stat_activity WHERE application_name = 'usher' AND wait_event_type = 'Lock'`;
      // On another connection: within a transaction this view always returns its first result.
      await withClient(instance.server.url, async (watcher) => {
        while ((await watcher.query(waiting)).rowCount === 0);
      });
      resume = await instance.freeze();
      expect(await halfWay).toBeInstanceOf(Unavailable);
      resume();
      resume = undefined;
    });
    await afterwards();
  });

  it('works with the same client after a restart of the server', async () => {
    await instance.stop();
    expect(await failure(database.ping())).toBeInstanceOf(Unavailable);
    const again = await instance.restart();
    expect(again.url.reveal()).toBe(instance.server.url.reveal());
    await afterwards();
  });
});
