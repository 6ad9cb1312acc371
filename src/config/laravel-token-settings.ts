import { applicationDatabaseUrl } from './address.ts';
import { timeZone } from './names.ts';
import { duration, text } from './setting.ts';

/** The settings of the access tokens of a Laravel application. */
export const laravelTokenSettings = {
  SANCTUM_DATABASE_URL: applicationDatabaseUrl(
    'PostgreSQL, MySQL or MariaDB of a Laravel application; its Sanctum tokens are accepted',
  ),
  SANCTUM_TOKENABLE_TYPE: text('The only model whose Sanctum tokens are accepted', {
    fallback: 'App\\Models\\User',
  }),
  SANCTUM_TENANT: text(
    'Tenant of all users of that application; without it a Sanctum token has no tenant',
  ),
  SANCTUM_EXPIRATION: duration('The application’s `sanctum.expiration`, if set'),
  SANCTUM_TIME_ZONE: timeZone('The application’s `APP_TIMEZONE`, the time zone of its columns', {
    fallback: 'UTC',
  }),

  PASSPORT_DATABASE_URL: applicationDatabaseUrl(
    'PostgreSQL, MySQL or MariaDB of a Laravel application, which stores its Passport access tokens; requires `PASSPORT_PUBLIC_KEY`, or an issuer of the policy with the preset `passport`',
  ),
  PASSPORT_PUBLIC_KEY: text(
    'The application’s `oauth-public.key` (PEM), which verifies these tokens; requires `PASSPORT_DATABASE_URL`',
    { file: true },
  ),
  PASSPORT_TENANT: text(
    'Tenant of all users of that application; without it a Passport token has no tenant',
  ),
  PASSPORT_TIME_ZONE: timeZone('The application’s `APP_TIMEZONE`, the time zone of its columns', {
    fallback: 'UTC',
  }),
};
