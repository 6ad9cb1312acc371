import type { DjangoDatabase, DjangoUser } from '../../authn/django/django-session.ts';
import type { ApplicationDatabase } from './application-database.ts';

/** Larger texts are not fetched, because no session of that size is accepted. */
const maxSessionBytes = 1_500_000;

/**
 * The expiry is cast to a time with zone. If the column has no zone (tables created without `USE_TZ`), the time zone of
 * the connection applies. If it has one, as in Django's own migrations, the cast changes nothing.
 */
const sessionQuery = `
  SELECT session_data AS "sessionData",
    (extract(epoch FROM expire_date::timestamptz) * 1000)::float8 AS "expireDate"
  FROM django_session
  WHERE session_key = $1 AND octet_length(session_data) <= ${maxSessionBytes}`;

/** `id = $1`, not `id::text = $1`: PostgreSQL then parses the text as the type of the column and can use its index. */
const userQuery = `
  SELECT id::text AS id, username, password,
    is_active AS "isActive", is_staff AS "isStaff", is_superuser AS "isSuperuser"
  FROM auth_user
  WHERE id = $1`;

/**
 * Reads two tables of Django in the application's database. The login needs SELECT on six columns of `auth_user`, not on the
 * whole table.
 */
export function createDjangoDatabase(database: ApplicationDatabase): DjangoDatabase {
  return {
    session: (key) => database.findRow(sessionQuery, [key]),
    user: async (id) => {
      const user = await database.findRow<DjangoUser>(userQuery, [id]);
      // PostgreSQL parses "007", "+7" and " 7" as the integer 7, but they are not the id of a user.
      return user?.id === id ? user : undefined;
    },
  };
}
