import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { refused } from './refused.ts';
import { createTokenKeys } from '../../src/authn/token-issuers.ts';
import { createOnlyVerifier } from './jwt/verifier.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { guestClaims, hmacToken, keyToken, testNow } from '../support/tokens.ts';

const now = () => testNow;
const noFetch: typeof fetch = () => Promise.reject(new Error('configured keys need no network'));

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const withPublicKey = (publicKey: string) =>
  createTokenKeys({ publicKey }, { now, fetch: noFetch });
const verify = (text: string, publicKey: string) =>
  createOnlyVerifier({ keys: withPublicKey(publicKey), now }).verify(text);

const rejected = refused('credential-rejected');

describe('a public key', () => {
  it.each([
    ['RS256', rsa],
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
    ['EdDSA', ed25519],
  ])('verifies %s', async (alg, pair) => {
    const token = keyToken(guestClaims(), { alg }, pair.privateKey);
    expect(await verify(token, pem(pair.publicKey))).toHaveProperty('claims');
  });

  it.each([
    ['RS384', rsa],
    ['RS512', rsa],
    ['PS256', rsa],
    ['Ed25519', ed25519],
  ])('has one algorithm: %s with the right key is rejected', async (alg, pair) => {
    const token = keyToken(guestClaims(), { alg }, pair.privateKey);
    expect(await verify(token, pem(pair.publicKey))).toEqual(rejected);
  });

  const all = {
    ...Object.fromEntries(
      ['RS', 'PS'].flatMap((family) => [256, 384, 512].map((bits) => [`${family}${bits}`, rsa])),
    ),
    ES256: p256,
    ES384: p384,
    ES512: p521,
    EdDSA: ed25519,
    Ed25519: ed25519,
  };
  it.each(Object.entries(all))(
    'with the algorithm %s verifies it, and no other',
    async (algorithm, { publicKey }) => {
      const keys = createTokenKeys(
        { publicKey: pem(publicKey), algorithm },
        { now, fetch: noFetch },
      );
      const verifier = createOnlyVerifier({ keys, now });
      for (const [alg, { privateKey }] of Object.entries(all)) {
        const result = await verifier.verify(keyToken(guestClaims(), { alg }, privateKey));
        if (alg === algorithm) expect(result).toHaveProperty('claims');
        else expect(result).toEqual(rejected);
      }
    },
  );

  it('is refused with the algorithm of another key', () => {
    const settings = { publicKey: pem(p256.publicKey), algorithm: 'ES384' };
    expect(() => createTokenKeys(settings, { now, fetch: noFetch })).toThrow('is a key for ES256');
  });

  it('is not an HS256 secret', async () => {
    const text = pem(rsa.publicKey);
    const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
    for (const key of [text, text.trim(), der]) {
      expect(await verify(hmacToken(guestClaims(), {}, key), text)).toEqual(rejected);
    }
  });

  it('refuses the signature of another key', async () => {
    const other = generateKeyPairSync('ed25519');
    const token = keyToken(guestClaims(), { alg: 'EdDSA' }, other.privateKey);
    expect(await verify(token, pem(ed25519.publicKey))).toEqual(rejected);
  });

  it('may have blank lines around it, with Windows line endings', () => {
    const text = `\r\n${pem(p256.publicKey).replaceAll('\n', '\r\n')}\r\n`;
    expect(() => withPublicKey(text)).not.toThrow();
  });

  it.each([
    ['a private key', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['an EC private key', p256.privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['a PKCS#1 public key', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['two keys', pem(p256.publicKey) + pem(rsa.publicKey)],
    ['a small RSA key', pem(smallRsa.publicKey)],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
    ['another type', pem(generateKeyPairSync('x25519').publicKey)],
    ['an RSA-PSS key', pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey)],
    ['invalid data in a PEM block', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['nothing', ''],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
  ])('cannot be %s', (_name, text) => {
    const refusal = messageOf(() => withPublicKey(text));
    expect(refusal).toContain('token public key');
    expect(refusal).not.toContain(text.split('\n')[1] || '-----');
  });

  it('is never derived from a private key', () => {
    const secretHalf = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    // The derivation would succeed without the check.
    expect(createPublicKey(secretHalf).type).toBe('public');
    expect(() => withPublicKey(secretHalf)).toThrow('its public half only');
  });
});

describe('a secret', () => {
  it('is refused if it is weak, and the message does not contain it', () => {
    const text = 'short-but-secret';
    const refusal = messageOf(() =>
      createTokenKeys({ secret: new Secret(text) }, { now, fetch: noFetch }),
    );
    expect(refusal).toContain('shorter than 32 bytes');
    expect(refusal).not.toContain(text);
  });

  it('verifies HS256 only', async () => {
    const secret = new Secret('Zc8Qe1Vw5Rt9Yu3Io7Pa2Sd6Fg0Hj4Kl');
    const keys = createTokenKeys({ secret }, { now, fetch: noFetch });
    expect(await keys.find({ alg: 'HS256' })).toHaveLength(1);
    for (const alg of ['none', 'HS384', 'HS512', 'RS256', 'hs256', '']) {
      expect(await keys.find({ alg })).toEqual([]);
    }
  });
});

describe('a secret of HS384 and HS512', () => {
  it.each([
    ['HS384', 48],
    ['HS512', 64],
  ] as const)('%s needs %d bytes, like its hash', async (algorithm, length) => {
    const text = randomBytes(length)
      .toString('latin1')
      .replaceAll(/[^]/g, (c) => String.fromCharCode(33 + (c.charCodeAt(0) % 90)));
    const keysOf = (secret: string) =>
      createTokenKeys({ secret: new Secret(secret), algorithm }, { now, fetch: noFetch });
    expect(() => keysOf(text.slice(1))).toThrow(`shorter than ${length} bytes`);
    const verifier = createOnlyVerifier({ keys: keysOf(text), now });
    const token = await new SignJWT({ exp: testNow / 1000 + 60 })
      .setProtectedHeader({ alg: algorithm })
      .sign(Buffer.from(text));
    expect(await verifier.verify(token)).toHaveProperty('claims');
    expect(await verifier.verify(hmacToken(guestClaims(), {}, text))).toEqual(rejected);
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
}
