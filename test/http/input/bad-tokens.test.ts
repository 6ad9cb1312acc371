import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hmacToken, keyToken, segment, testSeconds, userClaims } from '../../support/tokens.ts';
import { guestSecret, guestToken, useUsher, userToken } from '../../support/usher.ts';
import { send, guestRequest, userRequest, signInRequest } from '../requests.ts';
import type { TestResponse } from '../requests.ts';

const unsigned = `${segment({ alg: 'none', typ: 'JWT' })}.${segment(userClaims())}.`;
const withHeader = (header: string) =>
  userRequest({ headers: { authorization: header, cookie: `sessionid=${userToken()}` } });

function expectUnauthorized(answer: TestResponse): void {
  expect([answer.status, answer.headers.get('content-type')]).toStrictEqual([
    401,
    'application/json; charset=utf-8',
  ]);
  expect(answer.text).not.toMatch(/"auth"|"user_data"/);
}

/** The same signature in other letters: the last one holds bits that a lenient decoder drops. */
function respelled(token: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.slice(0, -1) + letters[letters.indexOf(token.slice(-1)) + 1]!;
}

/** The same bytes with the alphabet of plain base64, for a token that has one of its letters. */
function inPlainBase64(): string {
  for (let attempt = 0; ; attempt += 1) {
    const token = userToken({ jti: String(attempt) });
    if (/[-_]/.test(token)) return token.replaceAll('-', '+').replaceAll('_', '/');
  }
}

const oddities: readonly (readonly [string, string])[] = [
  ['expired this moment', userToken({ exp: testSeconds })],
  ['not yet valid', userToken({ nbf: testSeconds + 31 })],
  ['issued in the future', userToken({ iat: testSeconds + 31 })],
  ['too long a life', userToken({ exp: testSeconds + 3601 })],
  ['no end', userToken({ exp: undefined })],
  ['an end that is a text', userToken({ exp: String(testSeconds + 60) })],
  ['no subject', userToken({ sub: undefined })],
  ['roles that are a text', userToken({ roles: 'admin' })],
  ['a tenant that is a list', userToken({ tenant_id: ['1'] })],
  ['without a signature', unsigned],
  ['with another’s signature', `${unsigned}${userToken({ sub: '16' }).split('.')[2]!}`],
  ['signed with another secret', hmacToken(userClaims(), {}, guestSecret)],
  ['named HS512', hmacToken(userClaims(), { alg: 'HS512' })],
  ['with a key of its own', hmacToken(userClaims(), { jwk: { kty: 'oct', k: 'AA' } })],
  ['of another kind', hmacToken(userClaims(), { typ: 'logout+jwt' })],
  [
    'a changed payload',
    userToken().replace(/\.[^.]+\./, `.${segment(userClaims({ sub: '16' }))}.`),
  ],
  ['respelled', respelled(userToken())],
  ['in plain base64', inPlainBase64()],
  ['padded', `${userToken()}=`],
  ['with a fourth part', `${userToken()}.x`],
  ['in quotes', `"${userToken()}"`],
  ['long', 'a'.repeat(8193)],
  ['a prototype', '__proto__'],
];

describe('a bearer token', () => {
  const usher = useUsher();

  it.each(oddities)('%s is refused', async (_case, token) => {
    const headers = { authorization: `Bearer ${token}` };
    expectUnauthorized(await send(usher.public, userRequest({ headers })));
    expectUnauthorized(await send(usher.public, signInRequest({ headers })));
  });

  it.each([
    userToken(),
    `Basic ${userToken()}`,
    `Token ${userToken()}`,
    'Bearer',
    `Bearer${userToken()}`,
    `Bearer ${userToken()} ${userToken()}`,
    'Bearer null',
    'Bearer undefined',
  ])('is not in %j', async (header) => {
    expectUnauthorized(await send(usher.public, withHeader(header)));
  });

  it('is refused beside another one that a proxy or a page joined with it', async () => {
    for (const sub of ['15', '16']) {
      const header = `Bearer ${userToken()}, Bearer ${userToken({ sub })}`;
      const { status, body } = await send(usher.public, withHeader(header));
      expect([status, body]).toMatchObject([400, { message: 'Authorization is repeated' }]);
    }
  });

  it('is taken from its header and from nowhere else', async () => {
    const token = userToken();
    const asking = userRequest({
      path: `/broadcasting/auth?token=${token}&access_token=${token}`,
      headers: { authorization: undefined, cookie: `token=${token}`, 'x-access-token': token },
      fields: { token, access_token: token },
    });
    expectUnauthorized(await send(usher.public, asking));
  });
});

describe('a guest’s token', () => {
  const usher = useUsher();

  it.each([
    ['of a user', userToken({ booking_id: 'BK-2025-ABC123', hotel_slug: 'grand-hotel' })],
    ['expired', guestToken({ exp: testSeconds })],
    ['not yet valid', guestToken({ nbf: testSeconds + 31 })],
    ['no end', guestToken({ exp: undefined })],
    ['no booking', guestToken({ booking_id: undefined })],
    ['a booking that is a number', guestToken({ booking_id: 7 })],
    ['without a signature', `${segment({ alg: 'none' })}.${segment({})}.`],
    ['respelled', respelled(guestToken())],
    ['with a space', `${guestToken()} `],
  ])('%s is refused in the words that its client knows', async (_case, token) => {
    const answer = await send(usher.public, guestRequest({ fields: { token } }));
    expect([answer.status, answer.body]).toStrictEqual([
      403,
      { error: 'Forbidden', message: 'Token expired or invalid' },
    ]);
  });
});

describe('users’ tokens with a public key, an issuer and an audience', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const usher = useUsher({
    USER_TOKEN_SECRET: '',
    USER_TOKEN_PUBLIC_KEY: pem.replaceAll('\n', '\\n'),
    USER_TOKEN_ISSUER: 'https://login.example',
    USER_TOKEN_AUDIENCE: 'usher',
  });
  const ours = { iss: 'https://login.example', aud: 'usher' };
  const signed = (claims = {}) =>
    keyToken(userClaims({ ...ours, ...claims }), { alg: 'ES256' }, privateKey);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const answerTo = (token: string) =>
    send(usher.public, userRequest({ headers: { authorization: `Bearer ${token}` } }));

  it('are good when signed with the private key', async () => {
    expect((await answerTo(signed())).status).toBe(200);
    expect((await answerTo(signed({ aud: ['other', 'usher'] }))).status).toBe(200);
  });

  it.each([
    ['signed with the public key as a secret', hmacToken(userClaims(ours), {}, pem)],
    ['the same with its line break cut', hmacToken(userClaims(ours), {}, pem.trim())],
    ['signed with the secret of before', userToken(ours)],
    ['without a signature', unsigned],
    ['signed by another key', keyToken(userClaims(ours), { alg: 'ES256' }, other)],
    ['of another issuer', signed({ iss: 'https://login.example/' })],
    ['of no issuer', signed({ iss: undefined })],
    ['for another audience', signed({ aud: 'other' })],
    ['for no audience', signed({ aud: undefined })],
  ])('are refused %s', async (_case, token) => {
    expectUnauthorized(await answerTo(token));
  });
});
