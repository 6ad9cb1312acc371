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
  it('are no credential unless they are asked for', () => {
    expect(load({}).sessions).toBeUndefined();
    expect(load({ ...django, SESSION_MODE: 'off' }).sessions).toBeUndefined();
  });

  it('of Django are read with Django’s own defaults', () => {
    expect(load(django).sessions).toMatchObject({
      mode: 'django',
      cookieName: 'sessionid',
      engine: 'db',
      backends: ['django.contrib.auth.backends.ModelBackend'],
      cookieAgeMs: 1_209_600_000,
      database: { timeZone: 'UTC' },
    });
  });

  it('of Django may have been signed with older keys', () => {
    const { sessions } = load({ ...django, DJANGO_SECRET_KEY_FALLBACKS: 'old, older' });
    const keys = sessions?.mode === 'django' ? sessions.secretKeys : [];
    expect(keys.map((key) => key.reveal())).toEqual([django['DJANGO_SECRET_KEY'], 'old', 'older']);
  });

  it.each<[Environment, string]>([
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
    [{ SESSION_MODE: 'flask' }, 'SESSION_MODE must be one of off, django, introspect'],
  ])('%j is one problem', (changes, problem) => {
    expect(problems(changes)).toEqual([problem]);
  });

  it('are not for pages behind a wildcard, which anybody may have written', () => {
    const ALLOWED_ORIGINS = 'https://app.example,https://*.tenants.example';
    expect(problems({ ...django, ALLOWED_ORIGINS })).toEqual([
      'ALLOWED_ORIGINS must name each origin, without a wildcard, when SESSION_MODE is not off: any page below that domain could act with the cookies of its visitors',
    ]);
  });

  it.each(['', '*', 'https://app.example,*'])('are not for the pages of %j', (ALLOWED_ORIGINS) => {
    for (const mode of [django, introspect]) {
      expect(problems({ ...mode, ALLOWED_ORIGINS })).toEqual([
        'ALLOWED_ORIGINS must name each origin, and not be *, when SESSION_MODE is not off',
      ]);
    }
  });

  it.each(['http://site.example/', 'http://10.0.0.1/', 'http://localhost.evil.example/'])(
    'are not sent to %s',
    (SESSION_INTROSPECTION_URL) => {
      expect(problems({ ...introspect, SESSION_INTROSPECTION_URL })).toEqual([
        'SESSION_INTROSPECTION_URL must use https, except for a host without a dot in its name',
      ]);
    },
  );

  it.each(['http://127.0.0.1:8000/me', 'http://[::1]/', 'http://localhost/', 'http://web:8000/me'])(
    'may be sent to %s',
    (SESSION_INTROSPECTION_URL) => {
      expect(load({ ...introspect, SESSION_INTROSPECTION_URL }).sessions).toMatchObject({
        url: new URL(SESSION_INTROSPECTION_URL),
      });
    },
  );
});

describe('Sanctum’s tokens', () => {
  it('are no credential without the host’s database', () => {
    expect(load({ SANCTUM_EXPIRATION: '8h' }).sanctum).toBeUndefined();
  });

  it('are those of Laravel’s own user model, and end only by themselves, unless told otherwise', () => {
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
