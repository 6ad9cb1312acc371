import type { LaravelResult } from '../../authn/laravel/laravel-session.ts';
import type { LaravelConfig } from '../../config/laravel.ts';

type Mismatch = Extract<LaravelResult, { readonly mismatch: unknown }>;

/** A problem, and its remedy. */
type Explanation = readonly [problem: string, remedy: string];

/** Explains which setting does not fit the application. Names settings and guards, never the value of a cookie or a key. */
export function explainMismatch(
  { mismatch, logins = [] }: Mismatch,
  { redis, guard, format }: LaravelConfig,
): Explanation {
  switch (mismatch) {
    case 'malformed':
      return [
        'It is not a cookie that Laravel encrypted with the cipher of LARAVEL_CIPHER.',
        'Copy the whole value of the cookie, and set LARAVEL_CIPHER to `cipher` in config/app.php of the application.',
      ];
    case 'unknown-key':
      return [
        'Neither LARAVEL_APP_KEY nor LARAVEL_APP_PREVIOUS_KEYS decrypts it.',
        'Set LARAVEL_APP_KEY to APP_KEY of the application that set the cookie, with base64: in front.',
      ];
    case 'cookie-name':
      return [
        'The key fits, but the cookie was encrypted for another name than SESSION_COOKIE_NAME.',
        'Set SESSION_COOKIE_NAME to the name that the browser shows: `cookie` in config/session.php of the application.',
      ];
    case 'id':
      return [
        'It contains no session id.',
        'Copy the session cookie of the application, not another one of its cookies.',
      ];
    case 'session':
      return redis === undefined
        ? [
            'The table of sessions has no row of this session.',
            'Log in again. If that does not help, LARAVEL_SESSION_DRIVER, LARAVEL_DATABASE_URL or LARAVEL_SESSION_TABLE is not the one of the application.',
          ]
        : [
            'Redis has no key of this session.',
            'Log in again. If that does not help, LARAVEL_SESSION_DRIVER, the database in LARAVEL_REDIS_URL or LARAVEL_REDIS_PREFIX is not the one of the application.',
          ];
    case 'expired':
      return [
        'The session has expired.',
        'Load a page of the application and copy the cookie again, or set LARAVEL_SESSION_LIFETIME to the lifetime of the application.',
      ];
    case 'driver':
      return [
        'The stored session is not one of the driver in LARAVEL_SESSION_DRIVER.',
        'Set LARAVEL_SESSION_DRIVER to `driver` in config/session.php of the application.',
      ];
    case 'encryption':
      return [
        'The stored session is not encrypted with LARAVEL_APP_KEY or a previous key.',
        'Set LARAVEL_SESSION_ENCRYPT=false if `encrypt` in config/session.php of the application is false.',
      ];
    case 'serialization':
      return [
        `The stored session is not serialized with ${format.serialization}.`,
        'Set LARAVEL_SESSION_SERIALIZATION and LARAVEL_SESSION_ENCRYPT to `serialization` and `encrypt` in config/session.php of the application.',
      ];
    case 'login':
      return explainLogin(logins, guard);
    case 'user':
      return [
        'The user of the session does not exist.',
        'Set LARAVEL_USER_TABLE to the table of that guard. With LARAVEL_SOFT_DELETES=true the user may have been deleted.',
      ];
    case 'password':
      return [
        'The password of the user has changed since the login, or LARAVEL_APP_KEY has.',
        'Log in again. If the application does not use AuthenticateSession, set LARAVEL_AUTHENTICATE_SESSION=false.',
      ];
  }
}

function explainLogin(logins: readonly string[], guard: string): Explanation {
  const guards = logins.map((name) => name.replace(/^login_/, '').replace(/_[0-9a-f]{40}$/, ''));
  if (guards.length === 0) {
    return ['Nobody is logged in.', 'Log in at the application, and copy the cookie again.'];
  }
  return guards.includes(guard)
    ? [
        'A user is logged in at the guard of LARAVEL_GUARD, which is of another class.',
        'Set LARAVEL_GUARD_CLASS to the class of that guard, with its namespace.',
      ]
    : [
        `Nobody is logged in at the guard ${guard}, but at ${guards.join(', ')}.`,
        `Set LARAVEL_GUARD and LARAVEL_USER_TABLE to the guard at which visitors log in.`,
      ];
}
