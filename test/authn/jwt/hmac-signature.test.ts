import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { compactVerify, CompactSign } from 'jose';
import { describe, expect, it } from 'vitest';
import { verifyHmac } from '../../../src/authn/jwt/hmac-signature.ts';
import { hmacAlgorithms } from '../../../src/authn/jwt/token-key.ts';

/** RFC 7515 A.1. */
const published = {
  key: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  text:
    'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.' +
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
    'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
};

describe('an HMAC of a JWT', () => {
  it('is that of RFC 7515 A.1', () => {
    const key = createSecretKey(Buffer.from(published.key, 'base64url'));
    const payload = verifyHmac(published.text, { algorithm: 'HS256', key });
    expect(payload && Buffer.from(payload).toString()).toBe(
      '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}',
    );
  });

  it.each(hmacAlgorithms)('of %s is verified as by jose, for each changed bit', async (alg) => {
    const bytes = randomBytes(64);
    const key = createSecretKey(bytes);
    const signed = await new CompactSign(Buffer.from('{"sub":"1"}'))
      .setProtectedHeader({ alg })
      .sign(bytes);
    const [header = '', payload = '', signature = ''] = signed.split('.');
    const good = Buffer.from(signature, 'base64url');
    const flipped = Array.from({ length: good.length * 8 }, (_, bit) => {
      const other = Buffer.from(good);
      other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return other;
    });
    const cut = [good.subarray(1), good.subarray(0, -1), Buffer.concat([good, good])];
    const texts = [
      signed,
      ...[...flipped, ...cut].map((each) =>
        [header, payload, each.toString('base64url')].join('.'),
      ),
      [header, Buffer.from('{"sub":"2"}').toString('base64url'), signature].join('.'),
    ];
    for (const text of texts) {
      const byJose = await compactVerify(text, bytes).then(
        (verified) => Buffer.from(verified.payload).toString(),
        () => undefined,
      );
      const found = verifyHmac(text, { algorithm: alg, key });
      expect(found && Buffer.from(found).toString()).toBe(byJose);
      expect(found === undefined).toBe(text !== signed);
    }
    for (const algorithm of hmacAlgorithms) {
      const found = verifyHmac(signed, { algorithm, key });
      expect(found === undefined).toBe(algorithm !== alg);
    }
  });

  it('is never verified with a public key', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    expect(() => verifyHmac(published.text, { algorithm: 'HS256', key: publicKey })).toThrow();
  });
});
