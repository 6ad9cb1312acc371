import {
  createHash,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeys, type TokenKeySettings } from '../../../src/authn/token-issuers.ts';
import {
  hmacToken,
  keyToken,
  testNow,
  testSecret,
  userClaims,
  type JsonObject,
} from '../../support/tokens.ts';
import { keySet, startJwksServer, type JwksServer } from './jwks-server.ts';
import { createOnlyVerifier } from './verifier.ts';

const now = () => testNow;
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
const [ours, foreign] = [rsa(), rsa()];
const jwkOf = ({ publicKey }: KeyPairKeyObjectResult, kid: string) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg: 'RS256',
  use: 'sig',
});

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};

/** A certificate that signs itself (RFC 5280 §4.1), of one element in `x5c`. */
function certificateOf({ publicKey, privateKey }: KeyPairKeyObjectResult): Buffer {
  const sha256WithRsa = Buffer.from('06092a864886f70d01010b0500', 'hex');
  const algorithm = der(0x30, sha256WithRsa);
  const name = der(0x30);
  const time = (text: string) => der(0x17, Buffer.from(text));
  const validity = der(0x30, time('250101000000Z'), time('350101000000Z'));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const serial = der(0x02, Buffer.from([1]));
  const signed = der(0x30, serial, algorithm, name, validity, name, key);
  const signature = sign('sha256', signed, privateKey);
  return der(0x30, signed, algorithm, der(0x03, Buffer.from([0]), signature));
}

const digest = (bytes: Buffer, hash: string) => createHash(hash).update(bytes).digest('base64url');

/** Header parameters with a key, its address or its fingerprint. */
const headersOf = (pair: KeyPairKeyObjectResult, address: string): readonly JsonObject[] => {
  const certificate = certificateOf(pair);
  const x5c = [certificate.toString('base64')];
  const [x5t, x5tS256] = [digest(certificate, 'sha1'), digest(certificate, 'sha256')];
  return [
    { jwk: jwkOf(pair, 'a') },
    { jku: address },
    { x5u: address },
    { x5c, x5t, 'x5t#S256': x5tS256 },
    { jwk: jwkOf(pair, 'a'), jku: address, x5u: address, x5c, x5t, 'x5t#S256': x5tS256 },
  ];
};

let issuer: JwksServer;
let elsewhere: JwksServer;
beforeEach(async () => {
  [issuer, elsewhere] = [await startJwksServer(), await startJwksServer()];
  issuer.respondWith(keySet(jwkOf(ours, 'a')));
  elsewhere.respondWith(keySet(jwkOf(foreign, 'a')));
});
afterEach(() => Promise.all([issuer.close(), elsewhere.close()]));

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

const configured: readonly (readonly [string, () => TokenKeySettings])[] = [
  ['a key set', () => ({ jwksUrl: issuer.url })],
  ['a public key', () => ({ publicKey: pem(ours.publicKey) })],
];

describe.each(configured)('with %s', (_name, settings) => {
  const verify = (text: string) => {
    const keys = createTokenKeys(settings(), { now, fetch });
    return createOnlyVerifier({ keys, now }).verify(text);
  };

  it.each([undefined, 'a'])(
    'a token of the issuer may contain keys in its header, kid %s',
    async (kid) => {
      const id = kid === undefined ? {} : { kid };
      for (const header of headersOf(ours, issuer.url.href)) {
        const text = keyToken(userClaims(), { alg: 'RS256', ...id, ...header }, ours.privateKey);
        expect(await verify(text), Object.keys(header).join()).toHaveProperty('claims');
      }
    },
  );

  it.each([undefined, 'a', 'b'])('a key in a token verifies nothing, kid %s', async (kid) => {
    const id = kid === undefined ? {} : { kid };
    for (const header of headersOf(foreign, elsewhere.url.href)) {
      const text = keyToken(userClaims(), { alg: 'RS256', ...id, ...header }, foreign.privateKey);
      expect(await verify(text), Object.keys(header).join()).toMatchObject({
        fault: 'credential-rejected',
      });
    }
    expect(elsewhere.requests()).toBe(0);
  });
});

it('a secret in a token verifies nothing', async () => {
  const keys = createTokenKeys({ secret: testSecret }, { now, fetch });
  const { verify } = createOnlyVerifier({ keys, now });
  const secret = Buffer.alloc(64, 'a');
  const header = { jwk: { kty: 'oct', alg: 'HS256', k: secret.toString('base64url') } };
  expect(await verify(hmacToken(userClaims(), header))).toHaveProperty('claims');
  expect(await verify(hmacToken(userClaims(), header, secret))).toEqual({
    fault: 'credential-rejected',
    detail: 'signature of the token is valid (HS256)',
  });
});

it('the certificates of these tests are valid, with the key that signs the tokens', () => {
  const certificate = new X509Certificate(certificateOf(foreign));
  expect(certificate.verify(foreign.publicKey)).toBe(true);
  expect(certificate.publicKey.equals(foreign.publicKey)).toBe(true);
});
