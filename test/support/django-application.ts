import type { Secret } from '../../src/runtime/secret.ts';
import { createTestDatabase, defaultServer, withClient } from './database.ts';
import type { TestServer } from './database.ts';
import { djangoFixtures } from './django-vectors.ts';
import type { DjangoCase, DjangoRows } from './django-vectors.ts';
import { testNow } from './tokens.ts';

/** The time zone of an application without time zone support. */
export const applicationZone = 'Europe/Berlin';

/** The column types that differ between applications. */
export interface DjangoTypes {
  readonly id: 'integer' | 'uuid';
  readonly instant: 'timestamptz' | 'timestamp';
}

/** A database with Django's two tables, as its migrations make them. */
export interface DjangoApplication {
  readonly url: Secret;
  /** Replaces all rows. Times are written as a session of the application's time zone writes them. */
  readonly fill: (rows: DjangoRows) => Promise<void>;
  readonly drop: () => Promise<void>;
}

/** Creates the database of a Django application. */
export async function createDjangoApplication(
  server: TestServer = defaultServer,
  types: DjangoTypes = { id: 'integer', instant: 'timestamptz' },
): Promise<DjangoApplication> {
  const { url, drop } = await createTestDatabase(server, 'template1');
  await withClient(url, (admin) => admin.query(tables(types)));
  const fill = (rows: DjangoRows) =>
    withClient(url, async (admin) => {
      await admin.query(`SET TimeZone = '${applicationZone}'; TRUNCATE django_session, auth_user`);
      for (const row of rows.django_session) {
        await admin.query('INSERT INTO django_session VALUES ($1, $2, $3::timestamptz)', [
          row.session_key,
          row.session_data,
          row.expire_date,
        ]);
      }
      for (const row of rows.auth_user) {
        await admin.query(
          `INSERT INTO auth_user (id, username, password, is_active, is_staff, is_superuser)
           VALUES ($1, $2, $3, $4, $5, $6)`,
          [row.id, row.username, row.password, row.is_active, row.is_staff, row.is_superuser],
        );
      }
    });
  return { url, fill, drop };
}

const tables = ({ id, instant: time }: DjangoTypes) => `
  CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL,
    expire_date ${time} NOT NULL);
  CREATE TABLE auth_user (id ${id} PRIMARY KEY, password varchar(128) NOT NULL,
    last_login timestamptz, is_superuser boolean NOT NULL, username varchar(150) NOT NULL UNIQUE,
    email varchar(254) NOT NULL DEFAULT '', is_staff boolean NOT NULL, is_active boolean NOT NULL)`;

const recorded = (id: string): DjangoCase => djangoFixtures[0]!.cases.find((one) => one.id === id)!;
const people = {
  alice: recorded('valid-user'),
  bob: recorded('valid-staff'),
  carol: recorded('valid-superuser'),
};

/** Sessions that a real Django made: of alice (user 1), of bob (2, staff) and of carol (3, superuser); the value of each one's cookie. */
export const djangoCookies = {
  alice: people.alice.cookie,
  bob: people.bob.cookie,
  carol: people.carol.cookie,
} as const;

/** The rows of `djangoCookies`, which expire an hour after `testNow`. */
export const djangoRows: DjangoRows = {
  django_session: Object.values(people).flatMap(({ rows }) =>
    rows.django_session.map((row) => ({
      ...row,
      expire_date: new Date(testNow + 3_600_000).toISOString(),
    })),
  ),
  auth_user: people.carol.rows.auth_user,
};

/** The settings by which Usher reads that application. */
export const djangoSettings = ({ url }: DjangoApplication) => ({
  SESSION_MODE: 'django',
  DJANGO_DATABASE_URL: url.reveal(),
  DJANGO_SECRET_KEY: people.alice.settings.SECRET_KEY,
});
