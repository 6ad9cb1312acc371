import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import type { TokenKeySettings } from '../../../src/authn/token-issuers.ts';
import { createOnlyReader, createOnlyVerifier } from './verifier.ts';
import { userTokenClaims } from '../../support/shipped-policy.ts';
import {
  hmacToken,
  keyToken,
  segment,
  testNow,
  testSecret,
  userClaims,
} from '../../support/tokens.ts';

const now = () => testNow;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const verifierOf = (settings: TokenKeySettings) =>
  createOnlyVerifier({ keys: createTokenKeys(settings, { now, fetch }), now });

const cases = [
  ['HS256', verifierOf({ secret: testSecret }), hmacToken(userClaims())],
  ['ES256', verifierOf({ publicKey }), keyToken(userClaims(), { alg: 'ES256' }, pair.privateKey)],
] as const;

const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const anyCharacter = fc.oneof(
  fc.constantFrom(...base64url.split(''), '.', '=', '+', '/', ' ', '\n'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);

describe.each(cases)('under %s', (_alg, verifier, token) => {
  it('no change of one character is accepted', async () => {
    const place = fc.nat({ max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, anyCharacter, async (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(await verifier.verify(changed)).toHaveProperty('fault');
      }),
      { numRuns: 1000 },
    );
  });

  it('no inserted or removed character is accepted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length }), anyCharacter, async (at, character) => {
        const longer = token.slice(0, at) + character + token.slice(at);
        const shorter = token.slice(0, at) + token.slice(at + 1);
        expect(await verifier.verify(longer)).toHaveProperty('fault');
        if (at < token.length) expect(await verifier.verify(shorter)).toHaveProperty('fault');
      }),
      { numRuns: 500 },
    );
  });

  it('no text causes an exception', async () => {
    const parts = fc.oneof(fc.string(), fc.json().map(segment), fc.base64String());
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(parts, { maxLength: 6 }).map((all) => all.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await verifier.verify(text)).toHaveProperty('fault');
      }),
      { numRuns: 1000 },
    );
  });

  it('no header causes an exception', async () => {
    const header = fc.dictionary(
      fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', '__proto__', 'x'),
      fc.oneof(fc.constantFrom('HS256', 'ES256', 'none', 'JWT'), fc.jsonValue()),
    );
    const [, payload, signature] = token.split('.');
    await fc.assert(
      fc.asyncProperty(header, async (value) => {
        const text = `${segment(value)}.${payload}.${signature}`;
        fc.pre(text !== token);
        expect(await verifier.verify(text)).toHaveProperty('fault');
      }),
      { numRuns: 500 },
    );
  });
});

it('for any signed claims, the reader returns a principal or a fault', async () => {
  const keys = createTokenKeys({ secret: testSecret }, { now, fetch });
  const read = createOnlyReader({ keys, now }, userTokenClaims);
  const claims = fc.dictionary(
    fc.constantFrom('sub', 'tenant_id', 'roles', 'role', 'jti', 'name', 'iat', 'nbf', '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(claims, async (changes) => {
      const result = await read(hmacToken({ ...userClaims(), ...changes }));
      expect('principal' in result || 'fault' in result).toBe(true);
    }),
    { numRuns: 500 },
  );
});
