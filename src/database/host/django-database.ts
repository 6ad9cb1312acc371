import type { DjangoDatabase, DjangoUser } from '../../authn/django/django-rows.ts';
import type { HostDatabase } from './host-database.ts';

/** Larger texts are not fetched at all: no session of that size is accepted. */
const maxSessionBytes = 1_500_000;

/**
 * The moment is taken as the connection's time zone means it where the column has none (tables that were made without `USE_TZ`);
 * where it has one, as it is from Django's own migrations, the cast changes nothing.
 */
const sessionQuery = `
  SELECT session_data AS "sessionData",
    (extract(epoch FROM expire_date::timestamptz) * 1000)::float8 AS "expireDate"
  FROM django_session
  WHERE session_key = $1 AND octet_length(session_data) <= ${maxSessionBytes}`;

/** `id = $1` and not `id::text = $1`: PostgreSQL reads the text as a key of the column's type, and so can use its index. */
const userQuery = `
  SELECT id::text AS id, username, password,
    is_active AS "isActive", is_staff AS "isStaff", is_superuser AS "isSuperuser"
  FROM auth_user
  WHERE id = $1`;

/** Django's two tables in the host's database; the login needs SELECT on six columns of `auth_user`, not on the table. */
export function createDjangoDatabase(host: HostDatabase): DjangoDatabase {
  return {
    session: (key) => host.findRow(sessionQuery, [key]),
    user: async (id) => {
      const user = await host.findRow<DjangoUser>(userQuery, [id]);
      // "007", "+7" and " 7" are the integer 7 to PostgreSQL, and none of them is a user's id.
      return user?.id === id ? user : undefined;
    },
  };
}
