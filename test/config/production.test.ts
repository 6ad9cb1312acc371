import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/config/read.ts';
import type { Setting } from '../../src/config/setting.ts';
import { settings } from '../../src/config/settings.ts';
import { testSecret } from '../support/tokens.ts';
import { inProduction, privatePem, publicPem } from './environments.ts';

describe('production', () => {
  it.each([
    ['PUSHER_APP_ID', 'PUSHER_APP_ID is not set'],
    ['PUSHER_KEY', 'PUSHER_KEY is not set'],
    ['PUSHER_SECRET', 'PUSHER_SECRET is not set'],
  ])('has no default for %s', (name, problem) => {
    expect(inProduction({ [name]: undefined })).toStrictEqual([problem]);
    expect(inProduction({ [name]: '' })).toStrictEqual([problem]);
  });

  it('requires at least one kind of credential', () => {
    expect(inProduction({ GUEST_TOKEN_SECRET: '', USER_TOKEN_SECRET: '' })).toStrictEqual([
      'No credential would be accepted: set one of USER_TOKEN_SECRET, USER_TOKEN_PUBLIC_KEY, USER_TOKEN_JWKS_URL, their GUEST_TOKEN_ equivalents, SANCTUM_DATABASE_URL, PASSPORT_DATABASE_URL, INTROSPECTION_URL or SESSION_MODE',
    ]);
  });

  const development = Object.values<Setting<unknown>>(settings).flatMap((setting) =>
    setting.secret === true && setting.development !== undefined ? [setting.development] : [],
  );
  it.each(['PUSHER_SECRET', 'GUEST_TOKEN_SECRET', 'USER_TOKEN_SECRET'])(
    'refuses every secret of development for %s',
    (name) => {
      for (const secret of development) {
        expect(inProduction({ [name]: secret })).toStrictEqual([
          `${name} is the public default of development`,
        ]);
      }
    },
  );

  it.each<[string, Environment, string]>([
    [
      'a short secret',
      { GUEST_TOKEN_SECRET: 'a1b2c3d4e5f6' },
      'GUEST_TOKEN_SECRET is shorter than 32 bytes',
    ],
    [
      'a secret with few different characters',
      { USER_TOKEN_SECRET: 'ab'.repeat(40) },
      'USER_TOKEN_SECRET has fewer than 8 different characters',
    ],
    [
      'the same secret for both',
      { GUEST_TOKEN_SECRET: testSecret.reveal() },
      'GUEST_TOKEN_SECRET and USER_TOKEN_SECRET must not be the same',
    ],
    [
      'an operator’s port on all addresses',
      { OPS_HOST: '0.0.0.0' },
      'OPS_TOKEN must be set when OPS_HOST is not a loopback address',
    ],
    [
      'an operator’s port on a host name',
      { OPS_HOST: 'localhost.example' },
      'OPS_TOKEN must be set when OPS_HOST is not a loopback address',
    ],
    [
      'a short operator’s token',
      { OPS_TOKEN: 'fifteen-letters' },
      'OPS_TOKEN must have at least 16 characters',
    ],
    [
      'an issuer alone',
      { USER_TOKEN_ISSUER: 'a' },
      'USER_TOKEN_ISSUER and USER_TOKEN_AUDIENCE must be set together',
    ],
    [
      'an audience alone',
      { GUEST_TOKEN_AUDIENCE: 'a' },
      'GUEST_TOKEN_ISSUER and GUEST_TOKEN_AUDIENCE must be set together',
    ],
    [
      'keys over http',
      { USER_TOKEN_SECRET: '', USER_TOKEN_JWKS_URL: 'http://login.example/keys' },
      'USER_TOKEN_JWKS_URL must use https',
    ],
    [
      'keys over http at a host that begins with localhost',
      { USER_TOKEN_SECRET: '', USER_TOKEN_JWKS_URL: 'http://localhost.example/' },
      'USER_TOKEN_JWKS_URL must use https',
    ],
    [
      'two kinds of key',
      { USER_TOKEN_PUBLIC_KEY: publicPem },
      'Only one of USER_TOKEN_SECRET, USER_TOKEN_PUBLIC_KEY, USER_TOKEN_JWKS_URL may be set',
    ],
    [
      'a private key',
      { USER_TOKEN_SECRET: '', USER_TOKEN_PUBLIC_KEY: privatePem },
      'USER_TOKEN_PUBLIC_KEY must be a public key in PEM; of a private key configure its public half only',
    ],
    [
      'a value that is not a key',
      { USER_TOKEN_SECRET: '', USER_TOKEN_PUBLIC_KEY: 'a key' },
      'USER_TOKEN_PUBLIC_KEY must be a public key in PEM',
    ],
    [
      'NODE_ENV in another case',
      { NODE_ENV: 'Production' },
      'NODE_ENV must be one of development, test, production',
    ],
    ['a port out of range', { PORT: '65536' }, 'PORT must be a whole number from 0 to 65535'],
    [
      'a port in exponent notation',
      { OPS_PORT: '3e3' },
      'OPS_PORT must be a whole number from 0 to 65535',
    ],
    [
      'a database that is not PostgreSQL',
      { DATABASE_URL: 'mysql://db/usher' },
      'DATABASE_URL must be an address that begins with postgres:// or postgresql://',
    ],
    [
      'a lifetime without a unit',
      { USER_TOKEN_MAX_AGE: '3600' },
      'USER_TOKEN_MAX_AGE must be a time such as 90s, 15m or 1h',
    ],
    [
      'a lifetime of zero',
      { USER_TOKEN_MAX_AGE: '0s' },
      'USER_TOKEN_MAX_AGE must be a time such as 90s, 15m or 1h',
    ],
    [
      'a limit of zero',
      { RATE_LIMIT_FAILURES: '0' },
      'RATE_LIMIT_FAILURES must be a whole number from 1 to 1000000',
    ],
    [
      'an origin with a path',
      { ALLOWED_ORIGINS: 'https://a.example/' },
      'ALLOWED_ORIGINS item 1 has a path or ends in a slash: an origin ends with its host and port',
    ],
    [
      'an origin without a scheme',
      { ALLOWED_ORIGINS: 'https://app.example,a.example' },
      'ALLOWED_ORIGINS item 2 has no scheme: write it as https://app.example',
    ],
    [
      'the origin null',
      { ALLOWED_ORIGINS: 'null' },
      'ALLOWED_ORIGINS item 1 is null, the origin of any sandboxed page and any file',
    ],
    [
      'true for the proxies',
      { TRUSTED_PROXIES: 'true' },
      'TRUSTED_PROXIES item 1 must be an address or a network such as 10.0.0.0/8',
    ],
    [
      'a number for the proxies',
      { TRUSTED_PROXIES: '1' },
      'TRUSTED_PROXIES item 1 must be an address or a network such as 10.0.0.0/8',
    ],
    [
      'a network with an invalid prefix length',
      { TRUSTED_PROXIES: '10.0.0.0/33' },
      'TRUSTED_PROXIES item 1 must be an address or a network such as 10.0.0.0/8',
    ],
    [
      'every address',
      { TRUSTED_PROXIES: '0.0.0.0/0' },
      'TRUSTED_PROXIES item 1 is every address, so each client could name any address as its own: name the networks of the proxies',
    ],
    [
      'every address, by IPv6',
      { TRUSTED_PROXIES: '10.0.0.1,::/0' },
      'TRUSTED_PROXIES item 2 is every address, so each client could name any address as its own: name the networks of the proxies',
    ],
    [
      'proxies without a comma',
      { TRUSTED_PROXIES: '10.0.0.1 10.0.0.2' },
      'TRUSTED_PROXIES item 1 has a space or a semicolon: separate the items by commas',
    ],
    [
      'proxies in quotes',
      { TRUSTED_PROXIES: '"10.0.0.1"' },
      'TRUSTED_PROXIES item 1 has quotes, which are part of the value: remove them',
    ],
    [
      'an address with a zone',
      { TRUSTED_PROXIES: 'fe80::1%eth0' },
      'TRUSTED_PROXIES item 1 must be an address or a network such as 10.0.0.0/8',
    ],
    [
      'a server in another case',
      { PUSHER_SERVER: 'Pusher' },
      'PUSHER_SERVER must be one of pusher, soketi, reverb, sockudo',
    ],
    [
      'an invalid master key',
      { PUSHER_ENCRYPTION_MASTER_KEY: 'a'.repeat(44) },
      'PUSHER_ENCRYPTION_MASTER_KEY must be 32 bytes in base64',
    ],
  ])('refuses %s', (_case, changes, problem) => {
    expect(inProduction(changes)).toContain(problem);
  });
});
