import { describe, expect, it } from 'vitest';
import { ConfigurationError, loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { settings } from '../../src/config/settings.ts';
import { inProduction, problems, production, publicPem } from './environments.ts';

describe('a configuration', () => {
  it('is valid in development without any setting', () => {
    expect(loadConfig({})).toMatchObject({
      production: false,
      listen: { host: '0.0.0.0', port: 3000 },
      operator: { host: '127.0.0.1', port: 3001, token: undefined },
      database: { dataDir: './data', schema: 'usher' },
      userTokens: { maxAgeMs: 3_600_000 },
      allowedOrigins: ['*'],
      trustedProxies: [],
      limits: { failures: 60 },
    });
  });

  it('is valid in production with the required settings, and then allows no origin', () => {
    expect(inProduction({})).toStrictEqual([]);
    expect(loadConfig(production)).toMatchObject({ production: true, allowedOrigins: [] });
  });

  it('treats an empty value as not set', () => {
    const empty = Object.fromEntries(Object.keys(settings).map((name) => [name, '']));
    const { variable, ...config } = loadConfig(empty);
    expect(loadConfig({})).toStrictEqual({ ...config, variable: expect.any(Function) as unknown });
    expect(variable('POLICY')).toBe('');
  });

  it.each<[Environment, object]>([
    [{ USER_TOKEN_MAX_AGE: '90s' }, { userTokens: { maxAgeMs: 90_000 } }],
    [
      { ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080,' },
      { allowedOrigins: ['https://a.example', 'http://b.example:8080'] },
    ],
    [{ TRUSTED_PROXIES: '10.0.0.0/8,::1' }, { trustedProxies: ['10.0.0.0/8', '::1'] }],
    [{ OPS_HOST: '127.0.0.2' }, { operator: { host: '127.0.0.2' } }],
    [
      { OPS_HOSTS: 'usher, Usher.monitoring' },
      { operator: { names: ['usher', 'usher.monitoring'] } },
    ],
    [{ OPS_HOST: '::1' }, { operator: { host: '::1' } }],
    [{ OPS_HOST: '0.0.0.0', OPS_TOKEN: 'sixteen-characters' }, { operator: { host: '0.0.0.0' } }],
    [{ POLICY: 'builtin:rooms,./policy' }, { policy: ['builtin:rooms', './policy'] }],
    [
      { USER_TOKEN_SECRET: '', USER_TOKEN_PUBLIC_KEY: publicPem.replaceAll('\n', '\\n') },
      { userTokens: { keys: { publicKey: publicPem } } },
    ],
    [
      { USER_TOKEN_SECRET: '', USER_TOKEN_JWKS_URL: 'http://localhost:8080/keys' },
      { userTokens: { keys: {} } },
    ],
    [
      { USER_TOKEN_ISSUER: 'a', USER_TOKEN_AUDIENCE: 'b' },
      { userTokens: { expected: { issuer: 'a', audience: 'b' } } },
    ],
  ])('reads %j', (changes, expected) => {
    expect(loadConfig({ ...production, ...changes })).toMatchObject(expected);
  });

  it('reads the variables that a policy names', () => {
    const { variable } = loadConfig({ ...production, GUEST_TOKEN_BOOKING_CLAIM: 'b' });
    expect(variable('GUEST_TOKEN_BOOKING_CLAIM')).toBe('b');
  });

  it('reports all problems at once, each with its name and without its value', () => {
    const env = {
      NODE_ENV: 'production',
      LOG_LEVEL: 'zzz-loud',
      PORT: 'zzz-port',
      OPS_HOST: '10.0.0.1',
      DATABASE_URL: 'mysql://zzz-host/zzz',
      GUEST_TOKEN_SECRET: 'zzz-short',
      USER_TOKEN_JWKS_URL: 'http://zzz.example/keys',
      USER_TOKEN_ISSUER: 'zzz-issuer',
      PUSHER_ENCRYPTION_MASTER_KEY: 'zzz-key',
      ALLOWED_ORIGINS: 'https://zzz.example/path',
      TRUSTED_PROXIES: 'zzz-proxy',
    };
    const found = problems(env);
    const named = [
      ...Object.keys(env).slice(1),
      'OPS_TOKEN',
      'PUSHER_APP_ID',
      'PUSHER_KEY',
      'PUSHER_SECRET',
      'USER_TOKEN_AUDIENCE',
    ];
    for (const name of named) expect(found.join('\n')).toContain(name);
    expect(found.join('\n')).not.toContain('zzz');
    expect(new ConfigurationError(found).message).toContain(`  - ${found[0]!}\n`);
  });

  it('never prints a secret', () => {
    const config = loadConfig({ ...production, OPS_TOKEN: 'hidden-operators-token' });
    expect(`${JSON.stringify(config)} ${String(config.pusher.secret)}`).not.toMatch(
      /hidden|usher-tests/,
    );
  });
});
