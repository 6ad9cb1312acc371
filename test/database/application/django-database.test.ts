import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDjangoSessionReader,
  type DjangoDatabase,
} from '../../../src/authn/django/django-session.ts';
import { createDjangoDatabase } from '../../../src/database/application/django-database.ts';
import {
  createApplicationDatabase,
  type ApplicationDatabase,
} from '../../../src/database/application/application-database.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { describePostgres, withClient } from '../../support/database.ts';
import type { TestServer } from '../../support/database.ts';
import { createDjangoApplication, applicationZone } from '../../support/django-application.ts';
import type { DjangoApplication, DjangoTypes } from '../../support/django-application.ts';
import {
  djangoFixtures,
  readCase,
  settingsOf,
  expectedUser,
} from '../../support/django-vectors.ts';
import type { DjangoRows } from '../../support/django-vectors.ts';

interface Host {
  readonly url: Secret;
  readonly database: DjangoDatabase;
  readonly host: ApplicationDatabase;
  fill(rows: DjangoRows): Promise<void>;
}

/** An application for the tests of one `describe`, and our client of its database. */
function useApplication(server: TestServer, types: DjangoTypes): Host {
  let made: DjangoApplication | undefined;
  let host: ApplicationDatabase | undefined;
  beforeAll(async () => {
    made = await createDjangoApplication(server, types);
    host = createApplicationDatabase({
      url: made.url,
      timeZone: applicationZone,
      timeoutMs: 30_000,
    });
  });
  afterAll(async () => {
    await host?.close();
    await made?.drop();
  });
  return {
    get url() {
      return made!.url;
    },
    get host() {
      return host!;
    },
    get database() {
      return createDjangoDatabase(host!);
    },
    fill: (rows) => made!.fill(rows),
  };
}

const [stored] = djangoFixtures;
const [first] = stored!.cases;

describePostgres('the database of a Django host', (server) => {
  describe.each(['timestamptz', 'timestamp'] as const)('with expire_date a %s', (time) => {
    const host = useApplication(server, { id: 'integer', instant: time });

    it.each(stored!.cases)('$id: $why', async (one) => {
      await host.fill(one.rows);
      const read = createDjangoSessionReader(settingsOf(one), {
        database: host.database,
        now: () => one.now * 1000,
      });
      expect(await readCase(one, read)).toEqual(expectedUser(one));
    });

    it('reads the time of expire_date, in any time zone', async () => {
      await host.fill(first!.rows);
      const [row] = first!.rows.django_session;
      const { expireDate } = (await host.database.session(row!.session_key))!;
      expect(Math.floor(expireDate)).toBe(Date.parse(row!.expire_date));
    });
  });

  describe('with integer keys', () => {
    const host = useApplication(server, { id: 'integer', instant: 'timestamptz' });
    beforeEach(() => host.fill(first!.rows));

    it.each(['01', ' 1', '+1', '1 ', '1.0', 'x', '', '99999999999', "1' OR 1=1", '1\0', '\ud800'])(
      'finds no user by %j',
      async (id) => {
        expect(await host.database.user('1')).toHaveProperty('username', 'alice');
        expect(await host.database.user(id)).toBeUndefined();
      },
    );

    it('uses a condition that the index supports', async () => {
      const plan = await withClient(host.url, async (admin) => {
        await admin.query('SET enable_seqscan = off');
        return admin.query<{ 'QUERY PLAN': string }>(
          `PREPARE one AS SELECT id::text FROM auth_user WHERE id = $1; EXPLAIN EXECUTE one('1')`,
        );
      });
      const [, explained] = plan as unknown as readonly { rows: { 'QUERY PLAN': string }[] }[];
      expect(explained!.rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond/);
    });

    it('does not fetch a session that is too large to be valid', async () => {
      const [row] = first!.rows.django_session;
      const large = { ...row!, session_data: 'a'.repeat(1_500_001) };
      await host.fill({ ...first!.rows, django_session: [large] });
      expect(await host.database.session(row!.session_key)).toBeUndefined();
    });

    it('cannot write', async () => {
      const attempt = host.host.findRow('DELETE FROM auth_user WHERE id = $1 RETURNING id', ['1']);
      await expect(attempt).rejects.toBeInstanceOf(Unavailable);
      expect(await host.database.user('1')).toBeDefined();
    });
  });

  describe('with UUID keys', () => {
    const host = useApplication(server, { id: 'uuid', instant: 'timestamptz' });
    const id = '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b';
    beforeEach(() =>
      host.fill({ django_session: [], auth_user: [{ ...first!.rows.auth_user[0]!, id }] }),
    );

    it('finds a user by the key as Django writes it, in no other spelling', async () => {
      expect(await host.database.user(id)).toMatchObject({ id, username: 'alice' });
      for (const other of [id.toUpperCase(), id.replaceAll('-', ''), `{${id}}`, '1', '']) {
        expect(await host.database.user(other)).toBeUndefined();
      }
    });
  });

  describe('for a login with only the documented privileges', () => {
    const host = useApplication(server, { id: 'integer', instant: 'timestamptz' });
    const role = `${server.prefix}_reader_${randomBytes(4).toString('hex')}`;
    let limited: ApplicationDatabase;
    beforeAll(async () => {
      await host.fill(first!.rows);
      await withClient(host.url, (admin) =>
        admin.query(`
          CREATE ROLE ${role} LOGIN PASSWORD 'reader';
          GRANT SELECT ON django_session TO ${role};
          GRANT SELECT (id, username, password, is_active, is_staff, is_superuser) ON auth_user TO ${role}`),
      );
      const url = new URL(host.url.reveal());
      url.username = role;
      url.password = 'reader';
      limited = createApplicationDatabase({ url: new Secret(url.href), timeZone: 'UTC' });
    });
    afterAll(async () => {
      await limited.close();
      await withClient(host.url, (admin) =>
        admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`),
      );
    });

    it('works', async () => {
      const read = createDjangoSessionReader(settingsOf(first!), {
        database: createDjangoDatabase(limited),
        now: () => first!.now * 1000,
      });
      expect(await readCase(first!, read)).toEqual(expectedUser(first!));
    });

    it('reports the missing privilege, and no row', async () => {
      const wrong = limited.findRow('SELECT email FROM auth_user WHERE username = $1', ['alice']);
      await expect(wrong).rejects.toMatchObject({
        dependency: 'host database',
        cause: { message: 'permission denied (42501)' },
      });
    });
  });
});

describe('a database that does not respond', () => {
  it('is Unavailable within the timeout, without the address or the password', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = new Secret(`postgres://reader:geheim@127.0.0.1:${port}/site`);
    const host = createApplicationDatabase({ url, timeZone: 'UTC', timeoutMs: 100 });
    const error: unknown = await host.findRow('SELECT 1', []).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect(String((error as Unavailable).cause)).toMatch(/^Error: (timeout|Connection)/);
    await host.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    const closed = createApplicationDatabase({ url, timeZone: 'UTC', timeoutMs: 100 });
    await expect(closed.findRow('SELECT 1', [])).rejects.toMatchObject({
      cause: { message: 'nothing listens there (ECONNREFUSED)' },
    });
    await closed.close();
  });
});
