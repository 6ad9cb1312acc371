import { laravelCiphers } from '../authn/laravel/app-key.ts';
import { applicationDatabaseUrl, postgresUrl, redisUrl } from './address.ts';
import { cookieName, cookieNames, guardName, phpClass, tableName, timeZone } from './names.ts';
import { duration, list, oneOf, secret, text, url } from './setting.ts';

/** The settings of the application's session cookie. */
export const sessionSettings = {
  SESSION_MODE: oneOf(
    'Whether the application’s session cookie is a credential, and how it is verified',
    ['off', 'django', 'laravel', 'introspect'],
    { fallback: 'off' },
  ),
  SESSION_COOKIE_NAME: cookieName(
    'Name of that cookie; with `laravel` it must be set to the application’s `SESSION_COOKIE`',
    { fallback: 'sessionid' },
  ),
  SESSION_COOKIES: list(
    cookieNames(
      'With `introspect`, in place of `SESSION_COOKIE_NAME`: names of several cookies that are forwarded, or their beginnings with `*`',
      { example: 'laravel_session,remember_web_*' },
    ),
  ),
  DJANGO_DATABASE_URL: postgresUrl(
    'PostgreSQL of a Django application; the login requires SELECT on `django_session` and on six columns of `auth_user`',
  ),
  DJANGO_SECRET_KEY: secret('The application’s `SECRET_KEY`'),
  DJANGO_SECRET_KEY_FALLBACKS: list(secret('The application’s `SECRET_KEY_FALLBACKS`')),
  DJANGO_SESSION_ENGINE: oneOf(
    'The application’s `SESSION_ENGINE`; a logout does not end a session of `signed_cookies`',
    ['db', 'cached_db', 'signed_cookies'],
    { fallback: 'db' },
  ),
  DJANGO_SESSION_AGE: duration('The application’s `SESSION_COOKIE_AGE`, for `signed_cookies`', {
    fallback: '336h',
  }),
  DJANGO_AUTHENTICATION_BACKENDS: list(
    text('The application’s `AUTHENTICATION_BACKENDS`', {
      fallback: 'django.contrib.auth.backends.ModelBackend',
    }),
  ),
  DJANGO_TIME_ZONE: timeZone(
    'The application’s `TIME_ZONE`, for an `expire_date` column without a time zone',
    {
      fallback: 'UTC',
    },
  ),
  LARAVEL_DATABASE_URL: applicationDatabaseUrl(
    'PostgreSQL, MySQL or MariaDB of a Laravel application; the login requires SELECT on columns of `sessions` and `users`, see `session-cookies.md`',
  ),
  LARAVEL_APP_KEY: secret('The application’s `APP_KEY`, with `base64:`'),
  LARAVEL_APP_PREVIOUS_KEYS: secret('The application’s `APP_PREVIOUS_KEYS`, separated by commas'),
  LARAVEL_CIPHER: oneOf('The application’s `cipher` in `config/app.php`', laravelCiphers, {
    fallback: 'AES-256-CBC',
  }),
  LARAVEL_SESSION_DRIVER: oneOf('The application’s `SESSION_DRIVER`', ['database', 'redis'], {
    fallback: 'database',
  }),
  LARAVEL_SESSION_LIFETIME: duration(
    'The application’s `SESSION_LIFETIME`, which Laravel has in minutes: `120m`',
    { fallback: '120m' },
  ),
  LARAVEL_SESSION_ENCRYPT: oneOf('The application’s `SESSION_ENCRYPT`', ['true', 'false'], {
    fallback: 'false',
  }),
  LARAVEL_SESSION_SERIALIZATION: oneOf(
    'The application’s `serialization` in `config/session.php`; `json` in new applications of Laravel 13',
    ['php', 'json'],
    { fallback: 'php' },
  ),
  LARAVEL_SESSION_TABLE: tableName('The application’s `SESSION_TABLE`', { fallback: 'sessions' }),
  LARAVEL_REDIS_URL: redisUrl('The application’s default Redis connection, for the driver `redis`'),
  LARAVEL_REDIS_PREFIX: text(
    'Prefix of the keys of sessions: the application’s Redis prefix and cache prefix, such as `laravel-database-laravel-cache-`',
  ),
  LARAVEL_GUARD: guardName('The guard at which visitors log in', { fallback: 'web' }),
  LARAVEL_GUARD_CLASS: phpClass('The class of that guard', {
    fallback: 'Illuminate\\Auth\\SessionGuard',
  }),
  LARAVEL_USER_TABLE: tableName('The table of that guard’s users', { fallback: 'users' }),
  LARAVEL_SOFT_DELETES: oneOf(
    'Whether their model uses `SoftDeletes`: `deleted_at` then marks deleted users',
    ['true', 'false'],
    { fallback: 'false' },
  ),
  LARAVEL_AUTHENTICATE_SESSION: oneOf(
    'Whether a session whose password hash is not the user’s is refused, as by the middleware `AuthenticateSession`',
    ['true', 'false'],
    { fallback: 'true' },
  ),
  SESSION_INTROSPECTION_URL: url(
    'Address at the application that returns the user of a session cookie',
    ['https', 'http'],
  ),
  SESSION_INTROSPECTION_TOKEN: secret('Bearer token of these requests'),
};
