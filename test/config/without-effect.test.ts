import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { findWithoutEffect } from '../../src/config/without-effect.ts';
import { runInProcess } from '../support/command-line.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';
import { production } from './environments.ts';

const found = (changes: Readonly<Record<string, string | undefined>>) =>
  findWithoutEffect(loadConfig({ ...production, ...changes }), {
    sources: new Map(),
    issuers: new Map(),
  });

describe('a setting without effect', () => {
  it.each([
    ['DJANGO_SECRET_KEY', 'SESSION_MODE=django'],
    ['LARAVEL_APP_KEY', 'SESSION_MODE=laravel'],
    ['LARAVEL_REDIS_URL', 'SESSION_MODE=laravel and LARAVEL_SESSION_DRIVER=redis'],
    ['SESSION_INTROSPECTION_TOKEN', 'SESSION_MODE=introspect'],
    ['SESSION_COOKIE_NAME', 'SESSION_MODE'],
    ['SESSION_COOKIES', 'SESSION_MODE'],
    ['SANCTUM_TENANT', 'SANCTUM_DATABASE_URL'],
    ['PASSPORT_TENANT', 'PASSPORT_DATABASE_URL'],
    ['INTROSPECTION_AUDIENCE', 'INTROSPECTION_URL'],
  ])('is %s without %s', (name, without) => {
    expect(found({ [name]: 'hidden-value' })).toEqual([{ settings: [name], without }]);
  });

  it('is one of another mode', () => {
    const django = {
      SESSION_MODE: 'django',
      ALLOWED_ORIGINS: 'https://a.example',
      DJANGO_SECRET_KEY: 'hidden',
      DJANGO_DATABASE_URL: 'postgres://a.example/b',
    };
    expect(found({ ...django, SESSION_COOKIE_NAME: 'a' })).toEqual([]);
    expect(found({ ...django, LARAVEL_CIPHER: 'a', LARAVEL_GUARD: 'web' })).toEqual([
      { settings: ['LARAVEL_CIPHER', 'LARAVEL_GUARD'], without: 'SESSION_MODE=laravel' },
    ]);
  });

  it('is not a setting with a default, nor one that the image sets', () => {
    expect(found({ DATA_DIR: '/data', WORKERS: '1', OTEL_SERVICE_NAME: 'a' })).toEqual([]);
  });

  it('is not a variable that the policy reads', async () => {
    const policy = await loadPolicyText(`sources: { shop: { url: { env: LARAVEL_DATABASE_URL } } }
issuers:
  partner:
    issuer: https://id.example
    keys: { public_key: { env: LARAVEL_APP_KEY } }
    audience: [a]
    kind: user
`);
    const config = loadConfig({
      ...production,
      LARAVEL_DATABASE_URL: 'postgres://a.example/b',
      LARAVEL_APP_KEY: 'hidden',
      LARAVEL_GUARD: 'web',
    });
    expect(findWithoutEffect(config, policy)).toEqual([
      { settings: ['LARAVEL_GUARD'], without: 'SESSION_MODE=laravel' },
    ]);
  });

  it('is a warning of check-config, without its value', async () => {
    const env = { ...production, DJANGO_SECRET_KEY: 'hidden', DJANGO_TIME_ZONE: 'hidden' };
    expect(await runInProcess(['check-config'], env)).toStrictEqual({
      code: 0,
      stdout: 'The configuration is complete.\n',
      stderr: 'DJANGO_SECRET_KEY, DJANGO_TIME_ZONE have no effect without SESSION_MODE=django\n',
    });
  });
});
