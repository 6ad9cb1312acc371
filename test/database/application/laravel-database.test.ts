import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  sessionOfRow,
  type LaravelApplication,
} from '../../../src/authn/laravel/laravel-application.ts';
import {
  createApplicationDatabase,
  type ApplicationDatabase,
} from '../../../src/database/application/application-database.ts';
import { createLaravelDatabase } from '../../../src/database/application/laravel-database.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { describePostgres, withClient } from '../../support/database.ts';
import { createMysqlLaravel, createPostgresLaravel } from '../../support/laravel-application.ts';
import type { LaravelTestApplication } from '../../support/laravel-application.ts';
import {
  expectedUser,
  applicationOf,
  laravelFixtures,
  lifetimeOf,
  readCase,
  readerOf,
} from '../../support/laravel-vectors.ts';
import type { LaravelCase } from '../../support/laravel-vectors.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../../support/mariadb.ts';

const cases = laravelFixtures
  .flatMap((fixtures) => fixtures.cases)
  .filter(({ settings }) => settings.driver === 'database');
const ofKeys = (type: 'int' | 'uuid') => cases.filter(({ settings }) => settings.key_type === type);
const valid = cases.find(({ id }) => id === 'login-aes-256-cbc')!;

/** An application and a client of its database. */
interface Opened {
  readonly application: ApplicationDatabase;
  readonly made: LaravelTestApplication;
}

const tablesOf = ({ settings }: LaravelCase) => ({
  sessions: 'sessions',
  users: settings.provider_table,
  softDeletes: settings.soft_deletes,
  readsPassword: settings.authenticate_session,
});

/** The application of a case, with its rows in the database. */
function storedApplication(one: LaravelCase, application: ApplicationDatabase): LaravelApplication {
  const rows = createLaravelDatabase(application, tablesOf(one));
  return {
    user: rows.user,
    session: async (id) => {
      const row = await rows.session(id);
      return row && sessionOfRow(row, lifetimeOf(one));
    },
  };
}

const open = (made: LaravelTestApplication): Opened => {
  const url = typeof made.url === 'string' ? new Secret(made.url) : made.url;
  return {
    made,
    application: createApplicationDatabase({ url, timeZone: 'UTC', timeoutMs: 30_000 }),
  };
};

/** The tests of every database. */
function itReads(keys: 'int' | 'uuid', opened: () => Opened): void {
  it.each(ofKeys(keys))('$id: $why', async (one) => {
    const { made, application } = opened();
    await made.fill(one.rows);
    expect(await readCase(one, readerOf(one, storedApplication(one, application)))).toEqual(
      expectedUser(one),
    );
  });

  it('finds a session by its complete id, with the exact case', async () => {
    const { made, application } = opened();
    await made.fill({ sessions: valid.rows.sessions });
    const { session } = storedApplication(valid, application);
    const { id } = valid.rows.sessions[0]!;
    expect(await session(id)).toEqual(await applicationOf(valid).session(id));
    for (const other of [id.toLowerCase(), `${id} `, id.slice(1), `${id}' OR 1=1 -- `, '', '\0']) {
      expect(await session(other)).toBeUndefined();
    }
  });

  it('does not write', async () => {
    const { made, application } = opened();
    await made.fill({ sessions: valid.rows.sessions });
    const { id } = valid.rows.sessions[0]!;
    const attempt = application.findRow('DELETE FROM sessions WHERE id = $1', [id]);
    await expect(attempt).rejects.toBeInstanceOf(Unavailable);
    expect(await storedApplication(valid, application).session(id)).toBeDefined();
  });
}

const strangeIds = ['015', ' 15', '+15', '15 ', '15.0', '15abc', 'x', '', '99999999999999999999'];

function itFindsIntegers(opened: () => Opened): void {
  it.each([...strangeIds, "15' OR 1=1", '15\0', '\ud800', '-15'])(
    'finds no user by %j',
    async (id) => {
      const { made, application } = opened();
      await made.fill(valid.rows);
      const { user } = storedApplication(valid, application);
      expect(await user('15')).toBeDefined();
      expect(await user(id)).toBeUndefined();
    },
  );
}

describePostgres('the PostgreSQL of a Laravel host', (server) => {
  describe.each(['int', 'uuid'] as const)('with %s keys', (keys) => {
    let made: Awaited<ReturnType<typeof createPostgresLaravel>>;
    let opened: Opened;
    beforeAll(async () => {
      made = await createPostgresLaravel(server, keys);
      opened = open(made);
    });
    afterAll(async () => {
      await opened.application.close();
      await made.drop();
    });
    itReads(keys, () => opened);
    if (keys === 'int') itFindsIntegers(() => opened);
  });

  it('is read by a login with the documented permissions', async () => {
    const made = await createPostgresLaravel(server, 'int');
    await made.fill(valid.rows);
    const role = `${server.prefix}_reader_${randomBytes(4).toString('hex')}`;
    await withClient(made.url, (admin) =>
      admin.query(`
        CREATE ROLE ${role} LOGIN PASSWORD 'reader';
        GRANT SELECT (id, payload, last_activity) ON sessions TO ${role};
        GRANT SELECT (id, password, deleted_at) ON users TO ${role}`),
    );
    const url = Object.assign(new URL(made.url.reveal()), { username: role, password: 'reader' });
    const { application } = open({ ...made, url: url.href });
    expect(await readCase(valid, readerOf(valid, storedApplication(valid, application)))).toBe(
      '15',
    );
    await application.close();
    await withClient(made.url, (admin) => admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    await made.drop();
  });
});

reportMariadb('the MariaDB of a Laravel host');

describeMariadb('the MariaDB of a Laravel host', () => {
  const server = useMariadb();
  describe.each(['int', 'uuid'] as const)('with %s keys', (keys) => {
    let opened: Opened;
    beforeAll(async () => {
      opened = open(await createMysqlLaravel(server, keys));
    });
    afterAll(() => opened.application.close());
    itReads(keys, () => opened);
    if (keys === 'int') itFindsIntegers(() => opened);
  });

  it('is read by a login with the documented permissions, and errors do not contain the password', async () => {
    const made = await createMysqlLaravel(server, 'int');
    await made.fill(valid.rows);
    await server.admin.query(`CREATE USER reader@127.0.0.1 IDENTIFIED BY 'geheim'`);
    await server.admin.query(
      'GRANT SELECT (id, payload, last_activity) ON shop.sessions TO reader@127.0.0.1',
    );
    await server.admin.query(
      'GRANT SELECT (id, password, deleted_at) ON shop.users TO reader@127.0.0.1',
    );
    const { application } = open({ ...made, url: server.url.replace('root', 'reader:geheim') });
    expect(await readCase(valid, readerOf(valid, storedApplication(valid, application)))).toBe(
      '15',
    );
    await expect(
      application.findRow('SELECT name FROM users WHERE id = $1', ['15']),
    ).rejects.toMatchObject({
      dependency: 'host database',
      cause: { message: 'permission denied (ER_COLUMNACCESS_DENIED_ERROR)' },
    });
    await application.close();
    const wrong = open({ ...made, url: server.url.replace('root', 'reader:hidden') });
    await expect(wrong.application.findRow('SELECT 1', [])).rejects.toMatchObject({
      cause: { message: 'the login was refused (ER_ACCESS_DENIED_ERROR)' },
    });
    await wrong.application.close();
  });

  it('fails while the server is frozen, and works again afterwards', async () => {
    const made = await createMysqlLaravel(server, 'int');
    await made.fill(valid.rows);
    const url = new Secret(server.url);
    const application = createApplicationDatabase({
      url,
      timeZone: 'UTC',
      timeoutMs: 500,
      poolSize: 2,
    });
    const { user } = storedApplication(valid, application);
    expect(await user('15')).toBeDefined();
    const resume = await server.freeze();
    try {
      const results = await Promise.allSettled([user('15'), user('15'), user('15'), user('16')]);
      for (const result of results) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { dependency: 'host database' },
        });
      }
    } finally {
      resume();
    }
    await expect.poll(() => user('15').catch(() => undefined), { timeout: 30_000 }).toBeDefined();
    await application.close();
  });
});
