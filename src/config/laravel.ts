import { readAppKey, type LaravelCipher } from '../authn/laravel/app-key.ts';
import { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';
import type { ApplicationDatabaseConfig } from './sessions.ts';

/** A Laravel application, with Laravel's settings. */
export interface LaravelConfig {
  readonly mode: 'laravel';
  readonly cipher: LaravelCipher;
  readonly appKey: Secret;
  readonly previousKeys: readonly Secret[];
  readonly lifetimeMs: number;
  /** The store of sessions: the database, or Redis with this prefix of keys. */
  readonly redis: { readonly url: Secret; readonly keyPrefix: string } | undefined;
  readonly format: { readonly serialization: 'php' | 'json'; readonly encrypted: boolean };
  readonly guard: string;
  readonly guardClass: string;
  readonly checksPassword: boolean;
  readonly database: ApplicationDatabaseConfig;
  readonly tables: {
    readonly sessions: string;
    readonly users: string;
    readonly softDeletes: boolean;
    readonly readsPassword: boolean;
  };
}

export function loadLaravel(read: SettingsReader): LaravelConfig {
  checkCookieName(read);
  const checksPassword = read.required('LARAVEL_AUTHENTICATE_SESSION') === 'true';
  return {
    mode: 'laravel',
    ...loadKeys(read),
    lifetimeMs: read.required('LARAVEL_SESSION_LIFETIME'),
    redis: loadRedis(read),
    format: {
      serialization: read.required('LARAVEL_SESSION_SERIALIZATION'),
      encrypted: read.required('LARAVEL_SESSION_ENCRYPT') === 'true',
    },
    guard: read.required('LARAVEL_GUARD'),
    guardClass: read.required('LARAVEL_GUARD_CLASS'),
    checksPassword,
    // Laravel stores the times of sessions in seconds since the epoch, which have no zone.
    database: { url: read.required('LARAVEL_DATABASE_URL'), timeZone: 'UTC' },
    tables: {
      sessions: read.required('LARAVEL_SESSION_TABLE'),
      users: read.required('LARAVEL_USER_TABLE'),
      softDeletes: read.required('LARAVEL_SOFT_DELETES') === 'true',
      readsPassword: checksPassword,
    },
  };
}

function checkCookieName(read: SettingsReader): void {
  const name = read.optional('SESSION_COOKIE_NAME') ?? '';
  if (!read.isSet('SESSION_COOKIE_NAME')) {
    read.problem(
      'SESSION_COOKIE_NAME is not set: it is the application’s SESSION_COOKIE, such as laravel-session or laravel_session',
    );
  } else if (name.includes('.')) {
    read.problem(
      'SESSION_COOKIE_NAME has a dot, which PHP reads as _, so it is no cookie of Laravel',
    );
  }
}

function loadKeys(read: SettingsReader): Pick<LaravelConfig, 'cipher' | 'appKey' | 'previousKeys'> {
  const cipher = read.required('LARAVEL_CIPHER') as LaravelCipher | undefined;
  const appKey = read.required('LARAVEL_APP_KEY') as Secret | undefined;
  // `config/app.php` removes empty items, and no blanks.
  const previous = read.optional('LARAVEL_APP_PREVIOUS_KEYS')?.reveal().split(',') ?? [];
  const previousKeys = previous.filter((key) => key !== '').map((key) => new Secret(key));
  const check = (setting: string, key: Secret | undefined) => {
    const bytes = key && cipher && readAppKey(key.reveal(), cipher);
    if (bytes !== undefined && 'problem' in bytes) read.problem(`${setting} ${bytes.problem}`);
  };
  check('LARAVEL_APP_KEY', appKey);
  previousKeys.forEach((key, i) => {
    check(`LARAVEL_APP_PREVIOUS_KEYS item ${i + 1}`, key);
  });
  return { cipher: cipher ?? 'AES-256-CBC', appKey: appKey ?? new Secret(''), previousKeys };
}

function loadRedis(read: SettingsReader): LaravelConfig['redis'] {
  if (read.required('LARAVEL_SESSION_DRIVER') !== 'redis') return undefined;
  return {
    url: read.required('LARAVEL_REDIS_URL'),
    keyPrefix: read.required('LARAVEL_REDIS_PREFIX'),
  };
}
