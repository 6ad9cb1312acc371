import { describe, expect, it } from 'vitest';
import { refused } from '../refused.ts';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import { createOnlyVerifier } from './verifier.ts';
import type { OnlyIssuer } from './verifier.ts';
import {
  guestClaims,
  hmacToken,
  segment,
  testNow,
  testSeconds,
  testSecret,
  type JsonObject,
} from '../../support/tokens.ts';

const now = () => testNow;
const noFetch: typeof fetch = () => Promise.reject(new Error('a shared secret needs no network'));
const keys = createTokenKeys({ secret: testSecret }, { now, fetch: noFetch });

function verify(text: string, settings: Partial<OnlyIssuer> = {}) {
  return createOnlyVerifier({ keys, now, ...settings }).verify(text);
}

const malformed = refused('credential-malformed');
const rejected = refused('credential-rejected');
const expired = refused('credential-expired');

const good = hmacToken(guestClaims());
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good.split('.');

describe('a valid token', () => {
  it('returns its claims, and its times in milliseconds', async () => {
    const result = await verify(good);
    expect(result).toMatchObject({ issuedAt: testNow, expiresAt: testNow + 3_600_000 });
    for (const [name, value] of Object.entries(guestClaims())) {
      expect('claims' in result && result.claims.get(name)).toEqual(value);
    }
  });

  it.each(['JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('may have the type %s', async (typ) => {
    expect(await verify(hmacToken(guestClaims(), { typ }))).toHaveProperty('claims');
  });

  it('may have no type, and an unknown key id', async () => {
    const header = { typ: undefined, kid: '../../etc/passwd' };
    expect(await verify(hmacToken(guestClaims(), header))).toHaveProperty('claims');
  });

  it('may contain members with the names of object properties', async () => {
    const text = `{"__proto__":{"sub":"1"},"constructor":1,"exp":${testSeconds + 60}}`;
    const result = await verify(hmacToken(text));
    expect('claims' in result && result.claims.get('sub')).toBeUndefined();
    expect('claims' in result && result.claims.get('toString')).toBeUndefined();
    expect('claims' in result && result.claims.get('__proto__')).toEqual({ sub: '1' });
  });
});

describe('the time', () => {
  it.each([
    ['a token that expires in a second', { exp: testSeconds + 1 }],
    ['a token that expires in a fraction of a second', { exp: testSeconds + 0.5 }],
    [
      'a token that was issued by a clock 30 s ahead',
      { iat: testSeconds + 30, nbf: testSeconds + 30 },
    ],
    ['a token without iat', { iat: undefined }],
    ['a token with null as iat and nbf', { iat: null, nbf: null }],
  ])('accepts %s', async (_name, changes) => {
    expect(await verify(hmacToken(guestClaims(changes)))).toHaveProperty('claims');
  });

  it.each([
    ['ends now', { exp: testSeconds }],
    ['ended a second ago', { exp: testSeconds - 1 }],
    ['ended at the epoch', { exp: 0 }],
  ])('reports a token as expired that %s', async (_name, changes) => {
    expect(await verify(hmacToken(guestClaims(changes)))).toEqual(expired);
  });

  it.each([
    ['no exp', { exp: undefined }],
    ['exp as text', { exp: String(testSeconds + 60) }],
    ['exp null', { exp: null }],
    ['exp a list', { exp: [testSeconds + 60] }],
    ['exp true', { exp: true }],
    ['exp negative', { exp: -1 }],
    ['exp beyond the range of dates', { exp: 8.64e12 + 1 }],
    ['nbf more than 30 s ahead', { nbf: testSeconds + 31 }],
    ['nbf as text', { nbf: '0' }],
    ['iat more than 30 s ahead', { iat: testSeconds + 31 }],
    ['iat as text', { iat: '0' }],
  ])('rejects %s', async (_name, changes) => {
    expect(await verify(hmacToken(guestClaims(changes)))).toEqual(rejected);
  });

  it('rejects an exp that JSON parses as infinite', async () => {
    expect(await verify(hmacToken('{"exp":1e999}'))).toEqual(rejected);
  });

  it('refuses a token with a longer lifetime than allowed, or without iat', async () => {
    const maxAgeMs = 3_600_000;
    expect(await verify(good, { maxAgeMs })).toHaveProperty('claims');
    const long = hmacToken(guestClaims({ exp: testSeconds + 3601 }));
    expect(await verify(long, { maxAgeMs })).toEqual(rejected);
    expect(await verify(long)).toHaveProperty('claims');
    expect(await verify(hmacToken(guestClaims({ iat: undefined })), { maxAgeMs })).toEqual(
      rejected,
    );
  });
});

describe('issuer and audience', () => {
  const ours = { issuer: 'https://hotel.example', audience: 'usher' };
  const claims = (changes: object) =>
    guestClaims({ iss: ours.issuer, aud: ours.audience, ...changes });

  it.each([
    ['a text', {}],
    ['a list', { aud: ['other', 'usher'] }],
  ])('are accepted, the audience as %s', async (_name, changes) => {
    expect(await verify(hmacToken(claims(changes)), ours)).toHaveProperty('claims');
  });

  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['the same issuer with a trailing slash', { iss: 'https://hotel.example/' }],
    ['no issuer', { iss: undefined }],
    ['a list of issuers', { iss: ['https://hotel.example'] }],
    ['another audience', { aud: 'other' }],
    ['a longer audience', { aud: 'usher-2' }],
    ['other audiences', { aud: ['other', 'usher-2'] }],
    ['no audience', { aud: undefined }],
    ['an empty list of audiences', { aud: [] }],
    ['a nested list', { aud: [['usher']] }],
    ['an object', { aud: { usher: true } }],
  ])('are rejected: %s', async (_name, changes) => {
    expect(await verify(hmacToken(claims(changes)), ours)).toEqual(rejected);
  });
});

describe('the signature', () => {
  it('with another secret is rejected, even if the token is expired', async () => {
    const claims = guestClaims({ exp: 1 });
    expect(await verify(hmacToken(claims, {}, 'x'.repeat(40)))).toEqual(rejected);
  });

  it('for another payload is rejected', async () => {
    const payload = segment(guestClaims({ booking_id: 'BK-other' }));
    expect(await verify(`${goodHeader}.${payload}.${goodSignature}`)).toEqual(rejected);
  });

  it('that is truncated is rejected', async () => {
    const short = Buffer.from(goodSignature, 'base64url').subarray(0, 31).toString('base64url');
    expect(await verify(`${goodHeader}.${goodPayload}.${short}`)).toEqual(rejected);
  });

  it.each(['none', 'None', 'NONE', 'nOnE', 'HS384', 'HS512', 'hs256', 'RS256', 'ES256', 'HS256 '])(
    'with alg %s is rejected',
    async (alg) => {
      expect(await verify(hmacToken(guestClaims(), { alg }))).toEqual(rejected);
    },
  );

  it('is required', async () => {
    const unsigned = `${segment({ alg: 'none' })}.${goodPayload}.`;
    expect(await verify(unsigned)).toEqual(malformed);
    expect(await verify(`${goodHeader}.${goodPayload}.`)).toEqual(malformed);
    expect(await verify(`${goodHeader}.${goodPayload}`)).toEqual(malformed);
  });
});

describe('the header', () => {
  it.each([
    ['crit', { crit: ['exp'] }],
    ['crit null', { crit: null }],
    ['b64 with crit', { b64: false, crit: ['b64'] }],
    ['b64 alone', { b64: true }],
    ['another type', { typ: 'logout+jwt' }],
    ['an empty type', { typ: '' }],
  ])('with %s is rejected', async (_name, header) => {
    expect(await verify(hmacToken(guestClaims(), header))).toEqual(rejected);
  });

  // Cloud Foundry's UAA sends jku, and AD FS x5t; RFC 7515 §4: unknown parameters are ignored.
  it.each<JsonObject>([
    { jwk: { kty: 'oct', k: 'AAAA' } },
    { jku: 'https://id.example/token_keys' },
    { x5u: 'https://id.example/certificate' },
    { x5c: ['AAAA'] },
    { x5c: 'none' },
    { x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg', 'x5t#S256': '' },
    { cty: 'JWT', ver: 2, nonce: null, org: { id: [] } },
  ])('with %j is accepted: these are ignored', async (header) => {
    expect(await verify(hmacToken(guestClaims(), header))).toHaveProperty('claims');
  });

  it.each([
    ['no alg', { alg: undefined }],
    ['alg as a list', { alg: ['HS256'] }],
    ['alg null', { alg: null }],
    ['kid as a number', { kid: 1 }],
    ['kid as an object', { kid: { toString: 'x' } }],
    ['typ as a number', { typ: 1 }],
  ])('with %s is malformed', async (_name, header) => {
    expect(await verify(hmacToken(guestClaims(), header))).toEqual(malformed);
  });

  it.each(['[]', 'null', '"HS256"', '1', '{', '{"alg":"HS256"}x', '\uFEFF{"alg":"HS256"}'])(
    '%j is malformed',
    async (header) => {
      expect(await verify(`${segment(header)}.${goodPayload}.${goodSignature}`)).toEqual(malformed);
    },
  );

  it('that is not UTF-8 is malformed', async () => {
    const bytes = Buffer.from('7b22616c67223a22ff227d', 'hex').toString('base64url');
    expect(await verify(`${bytes}.${goodPayload}.${goodSignature}`)).toEqual(malformed);
  });
});

it.each<[string, string, string]>([
  ['a key', hmacToken(guestClaims(), { alg: 'RS256', kid: 'a' }), 'found RS256, a kid'],
  ['an algorithm', hmacToken(guestClaims(), { alg: 'x\ny' }), 'found another algorithm, no kid'],
  ['a signature', hmacToken(guestClaims(), {}, 'x'.repeat(40)), 'signature of the token is valid'],
  [
    'an algorithm as a list',
    hmacToken(guestClaims(), { alg: ['RS256'] }),
    'alg of the token header is a text',
  ],
  ['crit', hmacToken(guestClaims(), { crit: ['exp'] }), 'token header has no crit'],
  ['another type', hmacToken(guestClaims(), { typ: 'logout+jwt' }), 'JWT or at+jwt: found a text'],
  ['another issuer', hmacToken(guestClaims({ iss: 'b' })), 'the configured issuer: found a text'],
  ['no issuer', hmacToken(guestClaims()), 'claim iss is the configured issuer: found nothing'],
  ['another audience', hmacToken(guestClaims({ iss: 'a', aud: ['b'] })), 'audience: found a list'],
  [
    'a life that is too long',
    hmacToken(guestClaims({ iss: 'a', aud: 'a', exp: testSeconds + 3601 })),
    'claim exp is at most 3600 s after iat',
  ],
  ['an opaque token', '1|abc', 'three base64url segments: found an opaque text'],
  ['an encrypted token', 'e30..AA.AA.AA', 'segments: found five, as of an encrypted token (JWE)'],
  ['a PASETO', 'v4.public.AAAA', 'segments: found a PASETO'],
  ['a PASETO with a footer', 'v4.local.AAAA.AAAA', 'segments: found a PASETO'],
  ['padding', 'e30=.e30=.AA==', 'segments: found three with other characters, or an empty one'],
  ['an unsigned token', 'e30.e30.', 'segments: found three with other characters, or an empty one'],
  ['two segments', 'ya29.AAAA', 'segments: found another number'],
  ['a long token', 'a'.repeat(16_385), 'token has at most 16,384 characters'],
  ['no claims', hmacToken('[]'), 'payload of the token is a JSON object'],
])('the detail of a fault names %s, and not its value', async (_name, text, detail) => {
  const settings = { issuer: 'a', audience: 'a', maxAgeMs: 3_600_000 };
  expect(await verify(text, settings)).toMatchObject({
    detail: expect.stringContaining(detail) as unknown,
  });
});

describe('the format', () => {
  it('counts null as a missing parameter of the header', async () => {
    const token = hmacToken(guestClaims(), { kid: null, typ: null });
    expect(await verify(token)).toHaveProperty('claims');
  });

  it.each(['[]', 'null', '"text"', '7', 'true', 'no json', '{"exp":', ''])(
    'a signed payload %j is malformed',
    async (payload) => {
      expect(await verify(hmacToken(payload))).toEqual(malformed);
    },
  );

  it.each([
    ['empty', ''],
    ['dots', '..'],
    ['one segment', goodHeader],
    ['four segments', `${good}.${goodSignature}`],
    ['five segments (JWE)', `${goodHeader}.a.${goodPayload}.b.${goodSignature}`],
    ['an empty payload', `${goodHeader}..${goodSignature}`],
    ['truncated to a partial character', good.slice(0, -2)],
    ['padding', `${good}=`],
    ['padding inside', `${goodHeader}=.${goodPayload}.${goodSignature}`],
    ['a trailing newline', `${good}\n`],
    ['a leading space', ` ${good}`],
    ['a tab inside', `${goodHeader}\t.${goodPayload}.${goodSignature}`],
    ['a null byte', `${good}\0`],
    ['the prefix Bearer', `Bearer ${good}`],
    ['a zero-width space', `${good}\u200B`],
    ['percent-encoding', good.replaceAll('.', '%2E')],
    ['a JSON serialization', JSON.stringify({ payload: goodPayload })],
  ])('%s is malformed', async (_name, text) => {
    expect(await verify(text)).toEqual(malformed);
  });

  it('has one spelling: other last characters with the same bytes are malformed', async () => {
    // 32 bytes leave two unused bits in the last of 43 characters.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const bytes = Buffer.from(goodSignature, 'base64url');
    const spellings = Array.from(alphabet, (last) => goodSignature.slice(0, -1) + last).filter(
      (one) => one !== goodSignature && Buffer.from(one, 'base64url').equals(bytes),
    );
    expect(spellings).toHaveLength(3);
    for (const one of spellings) {
      expect(await verify(`${goodHeader}.${goodPayload}.${one}`)).toEqual(malformed);
    }
  });

  it('is base64url, not standard base64', async () => {
    // A claim whose base64 has both characters that the two alphabets write differently.
    const text = hmacToken(guestClaims({ note: '???>>>~~~ÿÿÿ' }));
    const standard = text.replaceAll('-', '+').replaceAll('_', '/');
    expect(standard).not.toBe(text);
    expect(await verify(text)).toHaveProperty('claims');
    expect(await verify(standard)).toEqual(malformed);
  });

  it('is limited to 16,384 characters', async () => {
    const filled = (length: number) => {
      for (let note = ''; ; note += 'x') {
        const text = hmacToken(guestClaims({ note: note + 'x'.repeat(12_000) }));
        if (text.length >= length) return text;
      }
    };
    const fitting = filled(16_382);
    expect(fitting.length).toBeLessThanOrEqual(16_384);
    expect(await verify(fitting)).toHaveProperty('claims');
    expect(await verify(filled(16_385))).toEqual(malformed);
    expect(await verify('x'.repeat(5_000_000))).toEqual(malformed);
  });
});
