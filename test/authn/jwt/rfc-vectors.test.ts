import { compactVerify, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { jwkKey } from '../../../src/authn/jwt/token-key.ts';
import { createOnlyVerifier } from './verifier.ts';
import { testNow, testSeconds } from '../../support/tokens.ts';

/** The keys and signed texts of RFC 7515 A.3 (ES256) and RFC 8037 A.4 (Ed25519). Their payloads are not access tokens. */
const published = [
  {
    name: 'RFC 7515 A.3',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    text:
      'eyJhbGciOiJFUzI1NiJ9.' +
      'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
  {
    name: 'RFC 8037 A.4',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    text:
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.' +
      'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
];

describe.each(published)('the example of $name', ({ jwk, text }) => {
  const key = jwkKey(jwk)!;
  const verifier = createOnlyVerifier({
    keys: { find: () => Promise.resolve([key]) },
    now: () => testNow,
  });

  it('has a valid signature: the token is refused for its payload', async () => {
    await expect(compactVerify(text, key.key)).resolves.toBeDefined();
    const result = await verifier.verify(text);
    expect(result).toMatchObject({ detail: expect.not.stringContaining('signature') as unknown });
  });

  it('with a changed bit is refused for its signature', async () => {
    const [header, payload = '', signature] = text.split('.');
    const changed = payload.replace(/^./, (first) => (first === 'e' ? 'f' : 'e'));
    const result = await verifier.verify([header, changed, signature].join('.'));
    expect(result).toMatchObject({ detail: expect.stringContaining('signature') as unknown });
  });
});

describe.each([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
])('a token that jose signs with %s', (alg) => {
  it('is accepted, and refused with any other byte in its signature', async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = jwkKey({ ...(await exportJWK(publicKey)), alg })!;
    expect(key.algorithm).toBe(alg);
    const verifier = createOnlyVerifier({
      keys: { find: () => Promise.resolve([key]) },
      now: () => testNow,
    });
    const text = await new SignJWT({ exp: testSeconds + 60 })
      .setProtectedHeader({ alg })
      .sign(privateKey);
    expect(await verifier.verify(text)).toHaveProperty('claims');
    const [header, payload, signature = ''] = text.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const variants = [
      ...[0, bytes.length >> 1, bytes.length - 1].map((at) =>
        bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)),
      ),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.alloc(bytes.length),
    ];
    for (const variant of variants) {
      const forged = [header, payload, Buffer.from(variant).toString('base64url')].join('.');
      expect(await verifier.verify(forged)).toMatchObject({ fault: 'credential-rejected' });
    }
  });
});
