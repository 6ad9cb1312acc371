import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { GuestSessionStore } from '../../src/authn/guest-session.ts';
import { buildIdentify } from '../../src/composition/authn.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { createDependencies } from '../../src/observability/dependencies.ts';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { fetchUrlProblem } from '../../src/runtime/network/fetch-url.ts';
import { shippedPolicy } from '../support/shipped-policy.ts';
import { inProduction, production } from './environments.ts';

const pem = (key: KeyObject, type: 'spki' | 'pkcs1' = 'spki') =>
  key.export({ type, format: 'pem' } as { type: 'spki'; format: 'pem' }).toString();
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;

const userKey = (changes: Environment): Environment => ({ USER_TOKEN_SECRET: '', ...changes });
const introspect = (url: string): Environment => ({
  SESSION_MODE: 'introspect',
  ALLOWED_ORIGINS: 'https://app.example',
  SESSION_INTROSPECTION_URL: url,
});
const app = { tenants: ['1'], app_id: '10', key: 'one', secret: 'hidden-secret-one' };

const noHost = 'must be a host name or an IP address, without a scheme, a port or a path';
const noListenHost = 'must be an IP address or a host name, without a scheme and a port';
const noKey = 'must be an RSA key of 2048 bits or more, or a key on P-256, P-384, P-521 or Ed25519';
const noBlock = 'must be one PEM block of type PUBLIC KEY, not a certificate or an RSA PUBLIC KEY';
const noPath = 'must be a path such as /realtime, of letters, digits, and . _ ~ - only';
const blocked = 'must not use a port that the Fetch standard blocks, such as 25 or 6000';

describe('check-config refuses settings that prevent a start:', () => {
  it.each<[string, Environment, string]>([
    [
      'a host with a port',
      { PUSHER_HOST: 'soketi:6001' },
      `PUSHER_HOST ${noHost}; the port belongs in PUSHER_PORT`,
    ],
    [
      'a host with a scheme',
      { PUSHER_HOST: 'http://soketi' },
      `PUSHER_HOST ${noHost}; the port belongs in PUSHER_PORT`,
    ],
    [
      'a host with a path',
      { PUSHER_HOST: 'soketi/app' },
      `PUSHER_HOST ${noHost}; the port belongs in PUSHER_PORT`,
    ],
    [
      'a host with a space',
      { PUSHER_HOST: 'so keti' },
      `PUSHER_HOST ${noHost}; the port belongs in PUSHER_PORT`,
    ],
    ['a path with a query', { PUSHER_HOST: 'a', PUSHER_PATH: '/a?b' }, `PUSHER_PATH ${noPath}`],
    ['a path with ..', { PUSHER_HOST: 'a', PUSHER_PATH: '/../a' }, `PUSHER_PATH ${noPath}`],
    [
      'a path that is only a slash',
      { PUSHER_HOST: 'a', PUSHER_PATH: '/' },
      `PUSHER_PATH ${noPath}`,
    ],
    [
      'a path without a host',
      { PUSHER_PATH: '/a' },
      'PUSHER_PATH requires PUSHER_HOST: the servers of Pusher have no path',
    ],
    [
      'a tenant’s host with a port',
      { PUSHER_APPS: JSON.stringify([{ ...app, host: 'soketi:6001' }]) },
      `PUSHER_APPS has problems: item 1 host ${noHost}`,
    ],
    [
      'a cluster that is a host',
      { PUSHER_CLUSTER: 'https://api-eu.pusher.com' },
      'PUSHER_CLUSTER must be letters, digits, and . _ - ~ = + @ ! * only',
    ],
    [
      'an id with a path',
      { PUSHER_APP_ID: '1/channels' },
      'PUSHER_APP_ID must be letters, digits, and . _ - ~ = + @ ! * only',
    ],
    [
      'a key with a colon',
      { PUSHER_KEY: 'key:secret' },
      'PUSHER_KEY must be letters, digits, and . _ - ~ = + @ ! * only',
    ],
    ['an address with a port', { HOST: 'localhost:3000' }, `HOST ${noListenHost}`],
    [
      'an address with a scheme',
      { OPS_HOST: 'http://localhost', OPS_TOKEN: 'x'.repeat(16) },
      `OPS_HOST ${noListenHost}`,
    ],
    [
      'the same port for both',
      { PORT: '3001' },
      'PORT and OPS_PORT are the same: change one of them (the default of OPS_PORT is 3001)',
    ],
    [
      'a small RSA key',
      userKey({ USER_TOKEN_PUBLIC_KEY: pem(rsa(1024)) }),
      `USER_TOKEN_PUBLIC_KEY ${noKey}`,
    ],
    [
      'an algorithm of another key',
      userKey({ USER_TOKEN_PUBLIC_KEY: pem(ec('P-521')), USER_TOKEN_ALGORITHM: 'ES256' }),
      'USER_TOKEN_PUBLIC_KEY is a key for ES512',
    ],
    [
      'a secret that is shorter than the hash',
      userKey({
        USER_TOKEN_SECRET: 'Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl',
        USER_TOKEN_ALGORITHM: 'HS512',
      }),
      'USER_TOKEN_SECRET is shorter than 64 bytes',
    ],
    [
      'a secret that is not base64',
      userKey({
        USER_TOKEN_SECRET: 'Zc8Qe1 Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl',
        USER_TOKEN_SECRET_ENCODING: 'base64',
      }),
      'USER_TOKEN_SECRET is not base64',
    ],
    [
      'a secret whose bytes are fewer than those of the hash',
      userKey({
        USER_TOKEN_SECRET: 'Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl',
        USER_TOKEN_SECRET_ENCODING: 'base64',
      }),
      'USER_TOKEN_SECRET is shorter than 32 bytes',
    ],
    [
      'the encoding of a secret without one',
      userKey({ USER_TOKEN_PUBLIC_KEY: pem(ec('P-256')), USER_TOKEN_SECRET_ENCODING: 'base64' }),
      'USER_TOKEN_SECRET_ENCODING requires USER_TOKEN_SECRET',
    ],
    [
      'an algorithm of public keys with a secret',
      userKey({
        USER_TOKEN_SECRET: 'Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl',
        USER_TOKEN_ALGORITHM: 'RS256',
      }),
      'USER_TOKEN_ALGORITHM must be one of HS256, HS384, HS512 with USER_TOKEN_SECRET',
    ],
    [
      'an unsupported curve',
      userKey({ USER_TOKEN_PUBLIC_KEY: pem(ec('secp256k1')) }),
      `USER_TOKEN_PUBLIC_KEY ${noKey}`,
    ],
    [
      'an RSA PUBLIC KEY',
      userKey({ USER_TOKEN_PUBLIC_KEY: pem(rsa(2048), 'pkcs1') }),
      `USER_TOKEN_PUBLIC_KEY ${noBlock}`,
    ],
    [
      'a key set with a password',
      userKey({ USER_TOKEN_JWKS_URL: 'https://u:hidden@login.example/keys' }),
      'USER_TOKEN_JWKS_URL must not have a user name or a password',
    ],
    [
      'a key set on a blocked port',
      userKey({ USER_TOKEN_JWKS_URL: 'http://127.0.0.1:6000/keys' }),
      `USER_TOKEN_JWKS_URL ${blocked}`,
    ],
    [
      'introspection on a blocked port',
      introspect('http://web:6667/me'),
      `SESSION_INTROSPECTION_URL ${blocked}`,
    ],
    [
      'a token that no header can contain',
      { OPS_TOKEN: 'sixteen characterß' },
      'OPS_TOKEN must be printable ASCII, without spaces at its ends',
    ],
    [
      'a time that no timer can have',
      { SHUTDOWN_NOTICE: '9999h' },
      'SHUTDOWN_NOTICE must be 1h at most',
    ],
    [
      'an issuer without keys',
      { GUEST_TOKEN_SECRET: '', GUEST_TOKEN_ISSUER: 'a', GUEST_TOKEN_AUDIENCE: 'b' },
      'GUEST_TOKEN_ISSUER is set, so one of GUEST_TOKEN_SECRET, GUEST_TOKEN_PUBLIC_KEY, GUEST_TOKEN_JWKS_URL must be set too',
    ],
  ])('%s', (_case, changes, problem) => {
    const problems = inProduction(changes);
    expect(problems).toEqual([problem]);
    expect(problems.join()).not.toContain('hidden');
  });

  it.each<[string, Environment]>([
    ['a host name', { PUSHER_HOST: 'soketi' }],
    ['a name with dots', { PUSHER_HOST: 'ws.internal.example.' }],
    ['an IPv4 address', { PUSHER_HOST: '10.0.0.7' }],
    ['an IPv6 address', { PUSHER_HOST: '::1' }],
    ['an IPv6 address in brackets', { PUSHER_HOST: '[::1]' }],
    ['a path', { PUSHER_HOST: 'a', PUSHER_PATH: '/apps/realtime-2/' }],
    ['a listen address', { HOST: '::' }],
    ['port 0 for both', { PORT: '0', OPS_PORT: '0' }],
    ['the same port on two addresses', { HOST: '127.0.0.1', PORT: '3001', OPS_HOST: '127.0.0.2' }],
    ['a key of 2048 bits', userKey({ USER_TOKEN_PUBLIC_KEY: pem(rsa(2048)) })],
    ['P-384', userKey({ USER_TOKEN_PUBLIC_KEY: pem(ec('P-384')) })],
    [
      'a key set on another loopback address',
      userKey({ USER_TOKEN_JWKS_URL: 'http://127.0.0.2/keys' }),
    ],
    ['introspection at the name of a container', introspect('http://web:8000/me')],
  ])('%s is valid, and the start accepts it', async (_case, changes) => {
    const config = loadConfig({ ...production, ...changes });
    createPusherApps(config.pusher, config.tenantsApps);
    const { closeApplicationServers } = buildIdentify(config, {
      sessions: {} as GuestSessionStore,
      ...systemClock,
      dependencies: createDependencies(),
      tokenLookups: { hits: 0, misses: 0 },
      policy: () => shippedPolicy,
    });
    await closeApplicationServers();
  });
});

describe('the ports that fetch blocks', () => {
  it('are those of this version of Node.js', async () => {
    const dispatcher = {
      dispatch: () => {
        throw new Error('asked');
      },
    };
    const isBlocked = (url: string) =>
      fetch(url, { dispatcher } as object).catch(
        (error: unknown) => ((error as Error).cause as Error).message === 'bad port',
      );
    const ports = Array.from({ length: 10_100 }, (_, i) => i + 1);
    const wrong = await Promise.all(
      ports.map(async (port) => {
        const url = `http://127.0.0.1:${port}/`;
        return (fetchUrlProblem(new URL(url)) !== undefined) === (await isBlocked(url))
          ? []
          : [port];
      }),
    );
    expect(wrong.flat()).toEqual([]);
  });
});
