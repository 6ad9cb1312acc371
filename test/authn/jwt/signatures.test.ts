import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { jwkKey } from '../../../src/authn/jwt/token-key.ts';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import { hasLengthOfModulus } from '../../../src/authn/jwt/verify-jwt.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { segment, testNow, userClaims } from '../../support/tokens.ts';
import { createOnlyVerifier } from './verifier.ts';

const now = () => testNow;

/** The signed text. */
const inputOf = (alg: string) => `${segment({ alg, typ: 'JWT' })}.${segment(userClaims())}`;

const verifierOf = (alg: string, publicKey: KeyObject) => {
  const key = jwkKey({ ...publicKey.export({ format: 'jwk' }), alg })!;
  return createOnlyVerifier({ keys: { find: () => Promise.resolve([key]) }, now });
};

const hashOf = (alg: string) => `sha${alg.slice(-3)}`;
const hashBytes = (alg: string) => Number(alg.slice(-3)) / 8;

/** Modifications of a valid signature. */
const changes: readonly (readonly [string, (good: Buffer) => Buffer])[] = [
  ['without its last byte', (good) => good.subarray(0, -1)],
  ['without its first byte', (good) => good.subarray(1)],
  ['with its first half only', (good) => good.subarray(0, good.length / 2)],
  ['with a byte more', (good) => Buffer.concat([good, Buffer.alloc(1)])],
  ['with a byte before', (good) => Buffer.concat([Buffer.alloc(1), good])],
  ['twice', (good) => Buffer.concat([good, good])],
  ['of zeros', (good) => Buffer.alloc(good.length)],
  ['of ones', (good) => Buffer.alloc(good.length, 0xff)],
  ['backwards', (good) => Buffer.from(good).reverse()],
  ['of one byte', () => Buffer.from([1])],
];

interface Signer {
  readonly verify: (text: string) => Promise<unknown>;
  readonly good: Buffer;
  readonly alg: string;
}

async function expectOnlyGood({ verify, good, alg }: Signer, bad: ReadonlyMap<string, Buffer>) {
  const input = inputOf(alg);
  const verdict = (signature: Buffer) => verify(`${input}.${signature.toString('base64url')}`);
  expect(await verdict(good)).toHaveProperty('claims');
  const all = [...bad, ...changes.map(([name, change]) => [name, change(good)] as const)];
  for (const [name, signature] of all) {
    expect(await verdict(signature), name).toMatchObject({ fault: 'credential-rejected' });
  }
}

describe.each([
  ['ES256', 'P-256', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
  [
    'ES384',
    'P-384',
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ],
  [
    'ES512',
    'P-521',
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
  ],
])('a signature of %s', (alg, namedCurve, orderText) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const order = Buffer.from(orderText, 'hex');

  it('is r and s, each within the order of the curve', async () => {
    const input = Buffer.from(inputOf(alg));
    const hash = hashOf(alg);
    const good = sign(hash, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const half = good.length / 2;
    const [r, s] = [good.subarray(0, half), good.subarray(half)];
    const zero = Buffer.alloc(half);
    const one = Buffer.concat([zero.subarray(1), Buffer.from([1])]);
    const bad = new Map([
      ['in DER', sign(hash, input, privateKey)],
      ['r = 0', Buffer.concat([zero, s])],
      ['s = 0', Buffer.concat([r, zero])],
      ['r = s = 0', Buffer.concat([zero, zero])],
      ['r = n', Buffer.concat([order, s])],
      ['s = n', Buffer.concat([r, order])],
      ['r = s = n', Buffer.concat([order, order])],
      ['r = s = 1', Buffer.concat([one, one])],
      ['s and r', Buffer.concat([s, r])],
      ['of another hash', sign('sha1', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })],
      [
        'of another text',
        sign(hash, Buffer.from('x'), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
      ],
    ]);
    const { verify } = verifierOf(alg, publicKey);
    await expectOnlyGood({ verify, good, alg }, bad);
  });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])(
  'a signature of %s',
  (alg) => {
    it('has the padding, the hash and the salt of its algorithm', async () => {
      const input = Buffer.from(inputOf(alg));
      const signed = (hash: string, padding: number, saltLength?: number) =>
        sign(hash, input, {
          key: rsa.privateKey,
          padding,
          ...(saltLength !== undefined && { saltLength }),
        });
      const { RSA_PKCS1_PADDING: pkcs1, RSA_PKCS1_PSS_PADDING: pss } = constants;
      const isPss = alg.startsWith('PS');
      const own = (hash: string) =>
        isPss ? signed(hash, pss, hashBytes(alg)) : signed(hash, pkcs1);
      const bad = new Map([
        ['another padding', isPss ? signed(hashOf(alg), pkcs1) : signed(hashOf(alg), pss, 32)],
        ...['sha1', 'sha256', 'sha384', 'sha512']
          .filter((hash) => hash !== hashOf(alg))
          .map((hash) => [`of ${hash}`, own(hash)] as const),
        ...(isPss
          ? [
              ['without a salt', signed(hashOf(alg), pss, 0)] as const,
              ['with a longer salt', signed(hashOf(alg), pss, hashBytes(alg) + 1)] as const,
            ]
          : []),
      ]);
      const { verify } = verifierOf(alg, rsa.publicKey);
      await expectOnlyGood({ verify, good: own(hashOf(alg)), alg }, bad);
    });
  },
);

it('a signature of an RSA key has the length of its modulus', () => {
  const ofLength = (bytes: number) => `e30.e30.${Buffer.alloc(bytes, 1).toString('base64url')}`;
  const modulus = (rsa.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  expect(modulus).toBeGreaterThanOrEqual(256);
  expect(hasLengthOfModulus(ofLength(modulus), rsa.publicKey)).toBe(true);
  for (const bytes of [0, modulus - 1, modulus + 1]) {
    expect(hasLengthOfModulus(ofLength(bytes), rsa.publicKey)).toBe(false);
  }
  const ed25519 = generateKeyPairSync('ed25519').publicKey;
  expect(hasLengthOfModulus(ofLength(64), ed25519)).toBe(true);
});

describe.each(['EdDSA', 'Ed25519'])('a signature of %s', (alg) => {
  it('depends on the text and on its key', async () => {
    const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const input = Buffer.from(inputOf(alg));
    const good = sign(null, input, own.privateKey);
    const order = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';
    const bad = new Map([
      ['of another key', sign(null, input, other.privateKey)],
      ['s = 0', Buffer.concat([good.subarray(0, 32), Buffer.alloc(32)])],
      ['s = the order', Buffer.concat([good.subarray(0, 32), Buffer.from(order, 'hex')])],
    ]);
    const { verify } = verifierOf(alg, own.publicKey);
    await expectOnlyGood({ verify, good, alg }, bad);
  });
});

describe.each(['HS256', 'HS384', 'HS512'] as const)('a signature of %s', (alg) => {
  it('is the complete HMAC with the secret', async () => {
    const secret = 'Qk2vW8xTz1rJm7cY-'.repeat(4);
    const keys = createTokenKeys({ secret: new Secret(secret), algorithm: alg }, { now, fetch });
    const mac = (key: string, hash = hashOf(alg)) =>
      createHmac(hash, key).update(inputOf(alg)).digest();
    const bad = new Map([
      ['of another secret', mac(`${secret}x`)],
      ['of an empty secret', mac('')],
      ['of sha1', mac(secret, 'sha1')],
    ]);
    const { verify } = createOnlyVerifier({ keys, now });
    await expectOnlyGood({ verify, good: mac(secret), alg }, bad);
  });
});
