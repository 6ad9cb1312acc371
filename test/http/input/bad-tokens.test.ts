import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hmacToken, keyToken, segment, userClaims } from '../../support/tokens.ts';
import { useUsher, userToken } from '../../support/usher.ts';
import { send, userRequest } from '../requests.ts';
import type { TestResponse } from '../requests.ts';

const unsigned = `${segment({ alg: 'none', typ: 'JWT' })}.${segment(userClaims())}.`;
const withHeader = (header: string) =>
  userRequest({ headers: { authorization: header, cookie: `sessionid=${userToken()}` } });

function expectUnauthorized(response: TestResponse): void {
  expect([response.status, response.headers.get('content-type')]).toStrictEqual([
    401,
    'application/json; charset=utf-8',
  ]);
  expect(response.text).not.toMatch(/"auth"|"user_data"/);
}

describe('a bearer token', () => {
  const usher = useUsher();

  it.each([
    userToken(),
    `Basic ${userToken()}`,
    `Token ${userToken()}`,
    'Bearer',
    `Bearer${userToken()}`,
    `Bearer ${userToken()} ${userToken()}`,
    'Bearer null',
    'Bearer undefined',
    'JWT null',
    'JWT',
  ])('is not read from %j', async (header) => {
    expectUnauthorized(await send(usher.public, withHeader(header)));
  });

  it.each(['Bearer', 'bearer', 'BEARER ', 'JWT', 'jwt'])('is read after %j', async (scheme) => {
    const { status } = await send(usher.public, withHeader(`${scheme} ${userToken()}`));
    expect(status).toBe(200);
  });

  it('is refused if a proxy or a page has joined another one to it', async () => {
    for (const sub of ['15', '16']) {
      const header = `Bearer ${userToken()}, Bearer ${userToken({ sub })}`;
      const { status, body } = await send(usher.public, withHeader(header));
      expect([status, body]).toMatchObject([400, { message: 'Authorization is repeated' }]);
    }
  });

  it('is read only from its header', async () => {
    const token = userToken();
    const request = userRequest({
      path: `/broadcasting/auth?token=${token}&access_token=${token}`,
      headers: { authorization: undefined, cookie: `token=${token}`, 'x-access-token': token },
      fields: { token, access_token: token },
    });
    expectUnauthorized(await send(usher.public, request));
  });
});

describe('tokens of users with a public key, an issuer and an audience', () => {
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
  const responseTo = (token: string) =>
    send(usher.public, userRequest({ headers: { authorization: `Bearer ${token}` } }));

  it('are accepted if they are signed with the private key', async () => {
    expect((await responseTo(signed())).status).toBe(200);
    expect((await responseTo(signed({ aud: ['other', 'usher'] }))).status).toBe(200);
  });

  it.each([
    ['signed with the public key as a secret', hmacToken(userClaims(ours), {}, pem)],
    ['the same with its line break cut', hmacToken(userClaims(ours), {}, pem.trim())],
    ['signed with the previous secret', userToken(ours)],
    ['without a signature', unsigned],
    ['signed by another key', keyToken(userClaims(ours), { alg: 'ES256' }, other)],
    ['of another issuer', signed({ iss: 'https://login.example/' })],
    ['without an issuer', signed({ iss: undefined })],
    ['for another audience', signed({ aud: 'other' })],
    ['without an audience', signed({ aud: undefined })],
  ])('are refused %s', async (_case, token) => {
    expectUnauthorized(await responseTo(token));
  });
});
