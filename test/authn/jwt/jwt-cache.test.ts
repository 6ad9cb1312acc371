import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { refused } from '../refused.ts';
import { createJwks } from '../../../src/authn/jwt/jwks.ts';
import type { TokenKey } from '../../../src/authn/jwt/token-key.ts';
import { createOnlyVerifier, type OnlyIssuer } from './verifier.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import {
  guestClaims,
  hmacToken,
  keyToken,
  segment,
  testNow,
  testSeconds,
  testSecret,
} from '../../support/tokens.ts';
import { json, keySet, startJwksServer } from './jwks-server.ts';

const malformed = refused('credential-malformed');
const rejected = refused('credential-rejected');
const expired = refused('credential-expired');

/** A verifier whose clock and key a test can change, and which counts verifications of signatures. */
function watched(settings: Partial<OnlyIssuer> = {}) {
  let verifications = 0;
  const keyOf = (secret: string): TokenKey => ({
    algorithm: 'HS256',
    get key() {
      verifications += 1;
      return createSecretKey(Buffer.from(secret));
    },
  });
  const state = { now: testNow, key: keyOf(testSecret.reveal()) as TokenKey | undefined };
  const { verify } = createOnlyVerifier({
    keys: { find: () => Promise.resolve(state.key === undefined ? [] : [state.key]) },
    now: () => state.now,
    ...settings,
  });
  return { state, keyOf, verify, verifications: () => verifications };
}

const good = hmacToken(guestClaims());
const [header = '', payload = '', signature = ''] = good.split('.');

describe('a token that was verified', () => {
  it('is not verified again, and has the same claims', async () => {
    const { verify, verifications } = watched();
    const first = await verify(good);
    expect(first).toHaveProperty('claims');
    expect(await verify(good)).toEqual(first);
    expect(verifications()).toBe(1);
  });

  it('expires at its expiry, and stays expired', async () => {
    const { state, verify } = watched();
    await verify(good);
    state.now = testNow + 3_600_000 - 1;
    expect(await verify(good)).toHaveProperty('claims');
    state.now += 1;
    expect(await verify(good)).toEqual(expired);
    expect(await verify(good)).toEqual(expired);
  });

  it.each(['nbf', 'iat'])(
    'is refused as too early when the clock is set back before its %s',
    async (name) => {
      const { state, verify } = watched();
      const token = hmacToken(guestClaims({ iat: undefined, [name]: testSeconds }));
      expect(await verify(token)).toHaveProperty('claims');
      state.now = testNow - 30_001;
      expect(await verify(token)).toEqual(rejected);
    },
  );

  it('does not make another text valid: one character changed, removed or added', async () => {
    const { verify } = watched();
    await verify(good);
    for (let i = 0; i < good.length; i += 1) {
      const other = good[i] === 'A' ? 'B' : 'A';
      expect(await verify(good.slice(0, i) + other + good.slice(i + 1))).toHaveProperty('fault');
      expect(await verify(good.slice(0, i) + good.slice(i + 1))).toHaveProperty('fault');
      expect(await verify(good.slice(0, i) + other + good.slice(i))).toHaveProperty('fault');
    }
    expect(await verify(`${good}=`)).toEqual(malformed);
    expect(await verify(good)).toHaveProperty('claims');
  });

  it('does not make another header or payload with its signature valid', async () => {
    const { verify } = watched();
    await verify(good);
    const otherPayload = segment(guestClaims({ booking_id: 'BK-other' }));
    expect(await verify(`${header}.${otherPayload}.${signature}`)).toEqual(rejected);
    const otherHeader = segment({ typ: 'JWT', alg: 'HS256' });
    expect(await verify(`${otherHeader}.${payload}.${signature}`)).toEqual(rejected);
  });

  it('is refused after its key was withdrawn, and accepted again with a new one', async () => {
    const { state, keyOf, verify, verifications } = watched();
    await verify(good);
    state.key = undefined;
    expect(await verify(good)).toEqual(rejected);
    state.key = keyOf('y'.repeat(40));
    expect(await verify(good)).toEqual(rejected);
    state.key = keyOf(testSecret.reveal());
    expect(await verify(good)).toHaveProperty('claims');
    expect(verifications()).toBe(3);
  });

  it('is valid only for the verifier that verified it', async () => {
    const issuer = 'https://host.example';
    const guests = watched({ issuer, audience: 'guests' });
    const users = watched({ issuer, audience: 'users' });
    const token = hmacToken(guestClaims({ iss: issuer, aud: 'guests' }));
    expect(await guests.verify(token)).toHaveProperty('claims');
    expect(await users.verify(token)).toEqual(rejected);
    expect(users.verifications()).toBe(1);
  });
});

it('a refused token is verified again', async () => {
  const { state, verify, verifications } = watched();
  const early = hmacToken(guestClaims({ nbf: testSeconds + 60 }));
  expect(await verify(early)).toEqual(rejected);
  state.now = testNow + 60_000;
  expect(await verify(early)).toHaveProperty('claims');
  expect(verifications()).toBe(2);
});

describe('a cached token of a published key', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token = keyToken(
    guestClaims({ exp: testSeconds + 86_400 }),
    { alg: 'ES256', kid: 'a' },
    pair.privateKey,
  );
  const tenMinutes = 600_000;

  /** Verifies the token once, then ten minutes later, when the keys' address has another response. */
  async function verifyAgain(change: 'withdrawn' | 'unreachable' | 'same') {
    const server = await startJwksServer();
    const published = keySet({ ...pair.publicKey.export({ format: 'jwk' }), kid: 'a' });
    server.respondWith(published);
    let time = testNow;
    const now = () => time;
    const { verify } = createOnlyVerifier({
      keys: createJwks({ url: server.url, now, fetch }),
      now,
    });
    try {
      expect(await verify(token)).toHaveProperty('claims');
      if (change === 'withdrawn') server.respondWith(keySet());
      if (change === 'unreachable') server.respondWith(json(''));
      time += tenMinutes - 1;
      expect(await verify(token)).toHaveProperty('claims');
      time += 1;
      return await verify(token);
    } finally {
      await server.close();
    }
  }

  it('is refused immediately after its key was withdrawn', async () => {
    expect(await verifyAgain('withdrawn')).toEqual(rejected);
  });

  it('is refused when the cached keys have expired', async () => {
    await expect(verifyAgain('unreachable')).rejects.toBeInstanceOf(Unavailable);
  });

  it('is valid while its key is published', async () => {
    expect(await verifyAgain('same')).toHaveProperty('claims');
  });
});
