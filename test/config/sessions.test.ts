import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ConfigurationError } from '../../src/config/load.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { testEnvironment } from '../support/usher.ts';

const django: Environment = {
  SESSION_MODE: 'django',
  DJANGO_SECRET_KEY: 'k$y,with "everything"',
  DJANGO_DATABASE_URL: 'postgres://reader@db/site',
};
const introspect: Environment = {
  SESSION_MODE: 'introspect',
  SESSION_INTROSPECTION_URL: 'https://site.example/internal/session',
};
const appKey = (byte: string, length = 32) =>
  `base64:${Buffer.alloc(length, byte).toString('base64')}`;
const laravel: Environment = {
  SESSION_MODE: 'laravel',
  SESSION_COOKIE_NAME: 'laravel-session',
  LARAVEL_APP_KEY: appKey('a'),
  LARAVEL_DATABASE_URL: 'mysql://reader:geheim@db/shop',
};
const laravelRedis: Environment = {
  ...laravel,
  LARAVEL_SESSION_DRIVER: 'redis',
  LARAVEL_REDIS_URL: 'redis://cache',
  LARAVEL_REDIS_PREFIX: 'shop_database_shop_cache_',
};
const load = (changes: Environment) => loadConfig({ ...testEnvironment, ...changes });
const problems = (changes: Environment): readonly string[] => {
  try {
    load(changes);
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
};

describe('session cookies', () => {
  it('are no credential by default', () => {
    expect(load({}).sessions).toBeUndefined();
    expect(load({ ...django, SESSION_MODE: 'off' }).sessions).toBeUndefined();
  });

  it('of Django are read with the defaults of Django', () => {
    expect(load(django).sessions).toMatchObject({
      mode: 'django',
      cookieName: 'sessionid',
      engine: 'db',
      backends: ['django.contrib.auth.backends.ModelBackend'],
      cookieAgeMs: 1_209_600_000,
      database: { timeZone: 'UTC' },
    });
  });

  it('of Django may be signed with older keys', () => {
    const { sessions } = load({ ...django, DJANGO_SECRET_KEY_FALLBACKS: 'old, older' });
    const keys = sessions?.mode === 'django' ? sessions.secretKeys : [];
    expect(keys.map((key) => key.reveal())).toEqual([django['DJANGO_SECRET_KEY'], 'old', 'older']);
  });

  it('of Laravel are read with the defaults of its configuration files', () => {
    expect(load(laravel).sessions).toMatchObject({
      mode: 'laravel',
      cookieName: 'laravel-session',
      cipher: 'AES-256-CBC',
      previousKeys: [],
      lifetimeMs: 7_200_000,
      redis: undefined,
      format: { serialization: 'php', encrypted: false },
      guard: 'web',
      guardClass: 'Illuminate\\Auth\\SessionGuard',
      checksPassword: true,
      tables: { sessions: 'sessions', users: 'users', softDeletes: false, readsPassword: true },
    });
    expect(load(laravelRedis).sessions).toMatchObject({
      redis: { keyPrefix: 'shop_database_shop_cache_' },
    });
  });

  it('of Laravel may be encrypted with older keys', () => {
    const keys = [appKey('b'), 'raw-key-of-32-characters-0123456'];
    const { sessions } = load({ ...laravel, LARAVEL_APP_PREVIOUS_KEYS: `${keys.join(',,')},` });
    const previous = sessions?.mode === 'laravel' ? sessions.previousKeys : [];
    expect(previous.map((key) => key.reveal())).toEqual(keys);
  });

  it.each([
    'postgresql://reader@db/shop',
    'mariadb://reader:p%40ss@[::1]:3307/shop?charset=utf8mb4',
    'mysql://reader@db/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ca.pem',
    'mysql://reader@/shop?socket=/run/mysqld/mysqld.sock',
  ])('of Laravel may be in %s', (LARAVEL_DATABASE_URL) => {
    expect(problems({ ...laravel, LARAVEL_DATABASE_URL })).toEqual([]);
  });

  it.each([
    'mysql://db',
    'mysql:///shop',
    'mysql://db:70000/shop',
    'mysql://reader:p@ss@db/shop',
    'mysql://reader:p%ss@db/shop',
    'mysql://db/shop?ssl-mode=REQUIRED',
    'mysql://10.0.0.5/shop?ssl-mode=VERIFY_IDENTITY',
    'mysql://[::1]/shop?ssl-mode=VERIFY_IDENTITY',
    'mysql://db/shop?ssl-ca=/etc/ca.pem',
    'mysql://db/shop?multipleStatements=true',
  ])('of Laravel cannot be in %s', (LARAVEL_DATABASE_URL) => {
    const [problem, ...more] = problems({ ...laravel, LARAVEL_DATABASE_URL });
    expect(more).toEqual([]);
    expect(problem).toMatch(/^LARAVEL_DATABASE_URL must be a URL such as mysql:/);
    expect(problem).not.toContain('p@ss');
  });

  it.each<[Environment, string]>([
    [{ ...laravel, LARAVEL_APP_KEY: '' }, 'LARAVEL_APP_KEY is not set'],
    [
      { ...laravel, LARAVEL_APP_KEY: appKey('a').slice('base64:'.length) },
      'LARAVEL_APP_KEY must be a key of 32 bytes for AES-256-CBC, as in the application’s environment: base64: and its base64, or 32 characters',
    ],
    [
      { ...laravel, LARAVEL_CIPHER: 'AES-128-GCM' },
      'LARAVEL_APP_KEY must be a key of 16 bytes for AES-128-GCM, as in the application’s environment: base64: and its base64, or 16 characters',
    ],
    [
      { ...laravel, LARAVEL_APP_PREVIOUS_KEYS: `${appKey('b')}, ${appKey('c')}` },
      'LARAVEL_APP_PREVIOUS_KEYS item 2 must be a key of 32 bytes for AES-256-CBC, as in the application’s environment: base64: and its base64, or 32 characters',
    ],
    [
      { ...laravel, SESSION_COOKIE_NAME: '' },
      'SESSION_COOKIE_NAME is not set: it is the application’s SESSION_COOKIE, such as laravel-session or laravel_session',
    ],
    [
      { ...laravel, SESSION_COOKIE_NAME: 'laravel.session' },
      'SESSION_COOKIE_NAME has a dot, which PHP reads as _, so it is no cookie of Laravel',
    ],
    [
      { ...laravel, LARAVEL_DATABASE_URL: 'sqlite:///shop.sqlite' },
      'LARAVEL_DATABASE_URL must be an address that begins with postgresql://, mysql:// or mariadb://',
    ],
    [
      { ...laravel, LARAVEL_SESSION_DRIVER: 'file' },
      'LARAVEL_SESSION_DRIVER must be one of database, redis',
    ],
    [{ ...laravelRedis, LARAVEL_REDIS_URL: '' }, 'LARAVEL_REDIS_URL is not set'],
    [{ ...laravelRedis, LARAVEL_REDIS_PREFIX: '' }, 'LARAVEL_REDIS_PREFIX is not set'],
    [
      { ...laravel, LARAVEL_USER_TABLE: 'users; DROP TABLE users' },
      'LARAVEL_USER_TABLE must be the name of a table, such as users or public.users',
    ],
    [
      { ...laravel, LARAVEL_GUARD_CLASS: '\\App\\Guard' },
      'LARAVEL_GUARD_CLASS must be a class with its namespace, such as App\\Auth\\Guard, without a \\ in front',
    ],
    [{ ...django, DJANGO_SECRET_KEY: '' }, 'DJANGO_SECRET_KEY is not set'],
    [{ ...django, DJANGO_DATABASE_URL: '' }, 'DJANGO_DATABASE_URL is not set'],
    [
      { ...django, DJANGO_DATABASE_URL: 'mysql://db/site' },
      'DJANGO_DATABASE_URL must be an address that begins with postgres:// or postgresql://',
    ],
    [
      { ...django, DJANGO_SESSION_ENGINE: 'cache' },
      'DJANGO_SESSION_ENGINE must be one of db, cached_db, signed_cookies',
    ],
    [
      { ...django, DJANGO_TIME_ZONE: 'Berlin' },
      'DJANGO_TIME_ZONE must be a time zone such as Europe/Berlin',
    ],
    [
      { ...django, DJANGO_TIME_ZONE: '+02:00' },
      'DJANGO_TIME_ZONE must be a time zone such as Europe/Berlin',
    ],
    [
      { ...django, DJANGO_TIME_ZONE: 'UTC -c x=y' },
      'DJANGO_TIME_ZONE must be a time zone such as Europe/Berlin',
    ],
    [{ ...django, SESSION_COOKIE_NAME: 'a b' }, 'SESSION_COOKIE_NAME must be the name of a cookie'],
    [{ ...django, SESSION_COOKIE_NAME: 'a=b' }, 'SESSION_COOKIE_NAME must be the name of a cookie'],
    [{ ...introspect, SESSION_INTROSPECTION_URL: '' }, 'SESSION_INTROSPECTION_URL is not set'],
    [
      { ...introspect, SESSION_INTROSPECTION_URL: 'https://user:geheim@site.example/' },
      'SESSION_INTROSPECTION_URL must not have a user name or a password',
    ],
    [
      { ...introspect, SESSION_INTROSPECTION_TOKEN: 'geheim\r\nx: y' },
      'SESSION_INTROSPECTION_TOKEN must be printable ASCII without spaces',
    ],
    [
      { ...introspect, SESSION_COOKIES: 'laravel_session, *, a=b, x*y' },
      'SESSION_COOKIES item 2 must be the name of a cookie, or its beginning with * behind it; item 3 must be the name of a cookie, or its beginning with * behind it; item 4 must be the name of a cookie, or its beginning with * behind it',
    ],
    [
      { ...introspect, SESSION_COOKIES: 'laravel_session', SESSION_COOKIE_NAME: 'sid' },
      'SESSION_COOKIES must have the name in SESSION_COOKIE_NAME, if both are set',
    ],
    [
      { ...django, SESSION_COOKIES: 'sessionid' },
      'SESSION_COOKIES is only for SESSION_MODE=introspect',
    ],
    [{ SESSION_MODE: 'flask' }, 'SESSION_MODE must be one of off, django, laravel, introspect'],
  ])('%j is one problem', (changes, problem) => {
    expect(problems(changes)).toEqual([problem]);
  });

  it('cannot be combined with a wildcard origin, which may include foreign pages', () => {
    const ALLOWED_ORIGINS = 'https://app.example,https://*.tenants.example';
    expect(problems({ ...django, ALLOWED_ORIGINS })).toEqual([
      'ALLOWED_ORIGINS must name each origin, without a wildcard, when SESSION_MODE is not off: any page below that domain could act with the cookies of its visitors',
    ]);
  });

  it.each(['', '*', 'https://app.example,*'])(
    'cannot be combined with the origins %j',
    (ALLOWED_ORIGINS) => {
      for (const mode of [django, laravel, introspect]) {
        expect(problems({ ...mode, ALLOWED_ORIGINS })).toEqual([
          'ALLOWED_ORIGINS must name each origin, and not be *, when SESSION_MODE is not off',
        ]);
      }
    },
  );

  it.each(['http://site.example/', 'http://10.0.0.1/', 'http://localhost.evil.example/'])(
    'cannot be introspected at %s',
    (SESSION_INTROSPECTION_URL) => {
      expect(problems({ ...introspect, SESSION_INTROSPECTION_URL })).toEqual([
        'SESSION_INTROSPECTION_URL must use https, except for a host without a dot in its name',
      ]);
    },
  );

  it('of any host may be several', () => {
    const SESSION_COOKIES = 'laravel_session, remember_web_*';
    for (const SESSION_COOKIE_NAME of ['', 'laravel_session', 'remember_web_1']) {
      expect(load({ ...introspect, SESSION_COOKIES, SESSION_COOKIE_NAME }).sessions).toMatchObject({
        cookies: ['laravel_session', 'remember_web_*'],
      });
    }
  });

  it.each(['http://127.0.0.1:8000/me', 'http://[::1]/', 'http://localhost/', 'http://web:8000/me'])(
    'may be introspected at %s',
    (SESSION_INTROSPECTION_URL) => {
      expect(load({ ...introspect, SESSION_INTROSPECTION_URL }).sessions).toMatchObject({
        url: new URL(SESSION_INTROSPECTION_URL),
      });
    },
  );
});

describe('Sanctum tokens', () => {
  it('are not accepted without the application’s database', () => {
    expect(load({ SANCTUM_EXPIRATION: '8h' }).sanctum).toBeUndefined();
  });

  it('are by default those of Laravel’s own user model, without another expiry', () => {
    const SANCTUM_DATABASE_URL = 'postgresql://reader@db/shop';
    expect(load({ SANCTUM_DATABASE_URL }).sanctum).toEqual({
      database: { url: expect.anything() as unknown, timeZone: 'UTC' },
      tokenableType: 'App\\Models\\User',
    });
    const changes = { SANCTUM_EXPIRATION: '8h', SANCTUM_TOKENABLE_TYPE: 'user' };
    expect(load({ SANCTUM_DATABASE_URL, ...changes }).sanctum).toMatchObject({
      tokenableType: 'user',
      expirationMs: 8 * 3_600_000,
    });
  });
});

describe('Passport tokens', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const PASSPORT_DATABASE_URL = 'mysql://reader@db/shop';

  it('need the application’s database, and a public key in the settings or the policy', () => {
    const PASSPORT_PUBLIC_KEY = pem.replaceAll('\n', '\\n');
    expect(load({ PASSPORT_DATABASE_URL, PASSPORT_PUBLIC_KEY }).passport).toMatchObject({
      publicKey: pem,
      database: { timeZone: 'UTC' },
    });
    expect(() => load({ PASSPORT_PUBLIC_KEY })).toThrow(
      /PASSPORT_PUBLIC_KEY requires PASSPORT_DATABASE_URL/,
    );
    expect(load({ PASSPORT_DATABASE_URL }).passport).not.toHaveProperty('publicKey');
  });

  it.each([
    ['http://db/shop', pem, /PASSPORT_DATABASE_URL must be an address/],
    [PASSPORT_DATABASE_URL, 'x', /PASSPORT_PUBLIC_KEY must be a public key in PEM/],
    [
      PASSPORT_DATABASE_URL,
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      /PASSPORT_PUBLIC_KEY is a key for EdDSA/,
    ],
  ])('are not configured by %s', (url, key, problem) => {
    expect(() => load({ PASSPORT_DATABASE_URL: url, PASSPORT_PUBLIC_KEY: key })).toThrow(problem);
  });
});
