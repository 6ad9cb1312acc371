import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxCharacters } from '../../src/http/input/lengths.ts';
import { keySet, startJwksServer, type JwksServer } from '../authn/jwt/jwks-server.ts';
import { send, guestRequest, userRequest, signInRequest } from '../http/requests.ts';
import { issueRequest, ticketEnvironment } from '../http/ticket-requests.ts';
import {
  guestClaims,
  hmacToken,
  keyToken,
  segment,
  testNow,
  testSeconds,
  testSecret,
  userClaims,
  type JsonObject,
} from '../support/tokens.ts';
import { guestSecret, guestToken, startUsher, useUsher, userToken } from '../support/usher.ts';
import type { TestUsher } from '../support/usher.ts';
import { expectRefused } from './attacker.ts';

/** Sends the token to every endpoint that accepts a user's. */
const asUser = (token: string) => {
  const headers = { authorization: `Bearer ${token}` };
  const list = { path: '/api/channels', method: 'GET', headers };
  return [
    userRequest({ headers }),
    signInRequest({ headers }),
    list,
    issueRequest(undefined, headers),
  ];
};
const asGuest = (token: string) => [guestRequest({ fields: { token } })];

async function expectTokenRefused(base: string, token: string): Promise<void> {
  for (const request of asUser(token)) {
    const { headers } = await expectRefused(base, request, [401]);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  }
  await expectGuestTokenRefused(base, token);
}

/** The message that the hotel's client expects. */
async function expectGuestTokenRefused(base: string, token: string): Promise<void> {
  for (const request of asGuest(token)) {
    const isTooLong = token.length > maxCharacters.token;
    const { status, body } = await expectRefused(base, request);
    expect([status, body]).toStrictEqual(
      isTooLong
        ? [400, { error: 'Bad Request', message: 'token is too long' }]
        : [403, { error: 'Forbidden', message: 'Token expired or invalid' }],
    );
  }
}

/** Signs a header and a payload that are given as texts, so that JSON does not normalize them. */
function signedTexts(header: string, payload: string, secret = testSecret.reveal()): string {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const unsigned = (alg: unknown) => `${segment({ alg, typ: 'JWT' })}.${segment(userClaims())}`;
const signature = userToken().split('.')[2]!;
const algorithms = [
  'none',
  'None',
  'NONE',
  'nOnE',
  'none ',
  '',
  'HS256 ',
  'hs256',
  'HS384',
  'HS512',
  'RS256',
];

describe('a token whose header tries to control its verification', () => {
  const usher = useUsher(ticketEnvironment);

  it.each([...algorithms, null, 0, ['HS256'], { alg: 'HS256' }, true])(
    'is refused with alg %j',
    async (alg) => {
      for (const mac of ['', signature, 'AA']) {
        await expectTokenRefused(usher.public, `${unsigned(alg)}.${mac}`);
      }
      await expectTokenRefused(usher.public, unsigned(alg));
      await expectTokenRefused(usher.public, hmacToken(userClaims(), { alg }));
    },
  );

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  it.each<[string, JsonObject]>([
    ['crit', { crit: ['exp'] }],
    ['an empty crit', { crit: [] }],
    ['b64', { b64: false, crit: ['b64'] }],
    ['the typ of a logout token', { typ: 'logout+jwt' }],
    ['the typ of a security event', { typ: 'secevent+jwt' }],
    ['the typ of a nested JWE', { typ: 'JOSE', cty: 'JWT', enc: 'A256GCM' }],
    ['a typ that is not a string', { typ: 5 }],
    ['a kid that is not a string', { kid: { $ne: '' } }],
    ['no alg', { alg: undefined }],
  ])('is refused with %s, although it is signed with the right secret', async (_case, header) => {
    await expectTokenRefused(usher.public, hmacToken(userClaims(), header));
  });

  it.each(['jwk', 'jku', 'x5u'])('is refused with %s and its own key', async (name) => {
    const header = { alg: 'RS256', [name]: name === 'jwk' ? jwk : 'http://127.0.0.1:1/' };
    await expectTokenRefused(usher.public, keyToken(userClaims(), header, privateKey));
  });

  it.each([
    '../../../../dev/null',
    '/dev/null',
    "x' UNION SELECT 'secret' --",
    '| cat /etc/passwd',
    '__proto__',
    '',
    'http://127.0.0.1:1/key',
  ])('is refused with the kid %j, which selects no other key', async (kid) => {
    for (const key of ['', '\0', 'secret', 'null']) {
      await expectTokenRefused(usher.public, hmacToken(userClaims(), { kid }, key));
    }
  });

  it('is refused if it is nested, encrypted or a JWS in JSON', async () => {
    const nested = hmacToken(userToken(), { cty: 'JWT' });
    const [header = '', payload = '', mac = ''] = userToken().split('.');
    const encrypted = [segment({ alg: 'dir', enc: 'A256GCM' }), '', 'AA', 'AA', 'AA'].join('.');
    const flat = JSON.stringify({ protected: header, payload, signature: mac });
    for (const token of [nested, encrypted, segment(flat)]) {
      await expectTokenRefused(usher.public, token);
    }
    // Its commas are those of a header that was sent several times.
    for (const request of asUser(flat)) await expectRefused(usher.public, request, [400]);
    await expectGuestTokenRefused(usher.public, flat);
  });
});

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same signature in other letters: the last one holds bits that a lenient decoder drops. */
const respelled = (token: string) =>
  token.slice(0, -1) + letters[letters.indexOf(token.slice(-1)) ^ 1]!;

/** A good token whose text differs in the alphabet of plain base64. */
function tokenWithDashes(make: (changes: JsonObject) => string): string {
  for (let attempt = 0; ; attempt += 1) {
    const token = make({ jti: String(attempt) });
    if (/[-_]/.test(token)) return token;
  }
}

describe('a valid token in another encoding', () => {
  const usher = useUsher(ticketEnvironment);
  const changed = segment({ ...userClaims({ sub: '16' }), ...guestClaims() });

  it.each<[string, (token: string) => string]>([
    ['with changed unused bits in its signature', respelled],
    ['in standard base64', (token) => token.replaceAll('-', '+').replaceAll('_', '/')],
    ['padded', (token) => `${token}=`],
    ['padded in each part', (token) => token.replace(/\.|$/g, '==$&')],
    ['with a dot at the end', (token) => `${token}.`],
    ['with a dot at the start', (token) => `.${token}`],
    ['with an empty signature', (token) => token.replace(/[^.]+$/, '')],
    ['with another payload', (token) => token.replace(/\.[^.]+\./, `.${changed}.`)],
    ['with a fourth segment', (token) => `${token}.x`],
    ['with one character more', (token) => `${token}A`],
    ['with one character less', (token) => token.slice(0, -1)],
    ['in quotes', (token) => `"${token}"`],
    ['percent-encoded', (token) => token.replaceAll('.', '%2E')],
    ['with fullwidth dots', (token) => token.replaceAll('.', '%EF%BC%8E')],
    ['in upper case', (token) => token.toUpperCase()],
    ['twice', (token) => `${token}.${token}`],
  ])('%s is refused', async (_case, spell) => {
    for (const make of [userToken, guestToken]) {
      const token = tokenWithDashes(make);
      expect(spell(token)).not.toBe(token);
      await expectTokenRefused(usher.public, spell(token));
    }
  });

  it.each<[string, string]>([
    ['a signed token that is too long', hmacToken(userClaims({ x: 'a'.repeat(13_000) }))],
    ['a long text', 'a'.repeat(16_385)],
    ['the name of an object property', '__proto__'],
  ])('%s is refused', async (_case, text) => {
    await expectTokenRefused(usher.public, text);
  });

  it.each([' ', '\t', '\n', '\r\n', '\0', '\u00a0', '\ufeff', '\u200b'])(
    'a guest token with %j around or inside it is refused',
    async (blank) => {
      const good = guestToken();
      for (const text of [blank + good, good + blank, good.replace('.', `.${blank}`)]) {
        await expectGuestTokenRefused(usher.public, text);
      }
    },
  );
});

describe('claims of unexpected types and encodings', () => {
  const usher = useUsher(ticketEnvironment);
  const times: readonly unknown[] = [
    String(testSeconds + 60),
    undefined,
    null,
    [testSeconds + 60],
    { $gt: 0 },
    true,
    -1,
    1e300,
    Number.MAX_SAFE_INTEGER,
    0,
    '1e99',
    'Infinity',
    (testNow + 60_000) * 1e6,
  ];

  it.each(times)('refuses exp %j', async (exp) => {
    await expectTokenRefused(usher.public, userToken({ exp }));
    await expectGuestTokenRefused(usher.public, guestToken({ exp }));
  });

  it.each(['NaN', 'Infinity', '1e999', '0x7fffffff', '+1748779260'])(
    'refuses exp written as %s',
    async (exp) => {
      const payload = `{"sub":"15","tenant_id":"1","iat":${testSeconds},"exp":${exp}}`;
      await expectTokenRefused(usher.public, signedTexts('{"alg":"HS256"}', payload));
    },
  );

  it.each(['iat', 'nbf'])('refuses %s in the future or of another type', async (name) => {
    for (const time of [testSeconds + 31, testSeconds + 3000, String(testSeconds), {}, -1]) {
      await expectTokenRefused(usher.public, userToken({ [name]: time }));
      await expectGuestTokenRefused(usher.public, guestToken({ [name]: time }));
    }
  });

  it('one of two equal names counts, the same one for every claim, and is checked', async () => {
    const payload = (first: string, second: string) =>
      `{"sub":"${first}","tenant_id":"1","iat":${testSeconds},"exp":${testSeconds + 60},"sub":"${second}"}`;
    const twice = signedTexts('{"alg":"HS256"}', payload('16', '15'));
    const headers = { authorization: `Bearer ${twice}` };
    expect((await send(usher.public, userRequest({ headers }))).status).toBe(200);
    const fields = { channel_name: 'private-tenant.1.user.16' };
    await expectRefused(usher.public, userRequest({ headers, fields }));
    for (const header of [
      '{"alg":"HS256","alg":"none"}',
      '{"alg":"HS256","alg":null}',
      '{"crit":["exp"],"alg":"HS256","crit":null}',
      '{"typ":"JWT","alg":"HS256","typ":"logout+jwt"}',
    ]) {
      await expectTokenRefused(usher.public, signedTexts(header, payload('15', '15')));
    }
    const late = `{"sub":"15","iat":${testSeconds},"exp":${testSeconds + 60},"exp":${testSeconds}}`;
    await expectTokenRefused(usher.public, signedTexts('{"alg":"HS256"}', late));
  });

  it.each<[string, JsonObject]>([
    ['a lifetime that is too long', { exp: testSeconds + 3601 }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a list of subjects', { sub: ['15'] }],
    ['a subject in an object', { sub: { $eq: '15' } }],
    ['a numeric subject beyond 2^53', { sub: 2 ** 53 }],
    ['a subject with an invisible character', { sub: '15\u200b' }],
  ])('refuses %s', async (_case, claims) => {
    await expectTokenRefused(usher.public, userToken(claims));
  });

  it.each<[string, JsonObject]>([
    ['a list of tenants', { tenant_id: ['1', '2'] }],
    ['a list of one tenant', { tenant_id: ['1'] }],
    ['a tenant in an object', { tenant_id: { $eq: '1' } }],
    ['a tenant with an invisible character', { tenant_id: '1\u200b' }],
  ])('%s: the user has no tenant, and the request does not add one', async (_case, claims) => {
    const headers = { authorization: `Bearer ${userToken(claims)}` };
    for (const named of [headers, { ...headers, 'x-tenant-id': undefined }]) {
      await expectRefused(usher.public, userRequest({ headers: named }), [403]);
    }
  });

  it.each<[string, JsonObject]>([
    ['no booking', { booking_id: undefined }],
    ['a booking that is a number', { booking_id: 7 }],
  ])('refuses %s of a guest', async (_case, claims) => {
    await expectGuestTokenRefused(usher.public, guestToken(claims));
  });

  it.each<[string, JsonObject]>([
    ['roles in an object', { roles: { 0: 'admin', length: 1 } }],
    ['a nested list of roles', { roles: [['admin']] }],
    ['a role in the object prototype', { roles: JSON.parse('{"__proto__":{"name":"admin"}}') }],
    ['a role with an invisible character', { roles: ['admin\u200b'] }],
    ['a role within a list of names', { roles: [{ name: ['admin'] }] }],
  ])('%s: the token is accepted, without the role', async (_case, claims) => {
    const headers = { authorization: `Bearer ${userToken(claims)}` };
    const own = { channel_name: 'private-tenant.1.user.15' };
    const ofAdmins = { channel_name: 'private-tenant.1.admin' };
    expect((await send(usher.public, userRequest({ headers, fields: own }))).status).toBe(200);
    await expectRefused(usher.public, userRequest({ headers, fields: ofAdmins }), [403]);
    const admin = { authorization: `Bearer ${userToken({ roles: 'admin' })}` };
    const granted = await send(usher.public, userRequest({ headers: admin, fields: ofAdmins }));
    expect(granted.status).toBe(200);
  });

  it('is valid only for its own kind', async () => {
    const both = { ...userClaims(), ...guestClaims() };
    for (const request of asUser(hmacToken(both, {}, guestSecret))) {
      await expectRefused(usher.public, request, [401]);
    }
    await expectGuestTokenRefused(usher.public, hmacToken(both));
  });
});

describe('a token that was verified earlier', () => {
  const usher = useUsher();
  const enters = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await send(usher.public, userRequest({ headers }))).status;
  };

  it('does not make another payload, header or signature valid', async () => {
    const good = userToken({ jti: 'neighbour' });
    const [header = '', payload = '', mac = ''] = good.split('.');
    const other = userToken({ sub: '16' }).split('.');
    for (let round = 0; round < 3; round += 1) {
      expect(await enters(good)).toBe(200);
      expect(await enters([header, other[1], mac].join('.'))).toBe(401);
      expect(await enters([header, payload, other[2]].join('.'))).toBe(401);
      expect(await enters([segment({ alg: 'HS256' }), payload, mac].join('.'))).toBe(401);
      for (const at of [0, header.length + 1, good.length - 2]) {
        const letter = good[at] === 'e' ? 'f' : 'e';
        expect(await enters(good.slice(0, at) + letter + good.slice(at + 1))).toBe(401);
      }
    }
  });

  it('expires at its exp, even if it was used just before', async () => {
    const token = userToken({ exp: testSeconds + 60 });
    expect(await enters(token)).toBe(200);
    usher.clock.now = testNow + 59_999;
    expect(await enters(token)).toBe(200);
    usher.clock.now = testNow + 60_000;
    expect(await enters(token)).toBe(401);
    usher.clock.now = testNow;
  });
});

describe('two issuers whose keys have the same id', () => {
  const pairOf = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [users, guests] = [pairOf(), pairOf()];
  const servers: JwksServer[] = [];
  let usher: TestUsher;

  const serve = async (key: KeyObject) => {
    const server = await startJwksServer();
    server.respondWith(keySet({ ...key.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }));
    servers.push(server);
    return server.url.href;
  };
  beforeAll(async () => {
    usher = await startUsher({
      USER_TOKEN_SECRET: '',
      GUEST_TOKEN_SECRET: '',
      USER_TOKEN_JWKS_URL: await serve(users.publicKey),
      GUEST_TOKEN_JWKS_URL: await serve(guests.publicKey),
    });
  });
  afterAll(async () => {
    await usher.stop();
    for (const server of servers) await server.close();
  });
  const header = { alg: 'ES256', kid: 'k1' };

  it('verify only their own tokens', async () => {
    const user = (key: KeyObject) => ({
      headers: { authorization: `Bearer ${keyToken(userClaims(), header, key)}` },
    });
    const guest = (key: KeyObject) => ({
      fields: { token: keyToken(guestClaims(), header, key) },
    });
    expect((await send(usher.public, userRequest(user(users.privateKey)))).status).toBe(200);
    expect((await send(usher.public, guestRequest(guest(guests.privateKey)))).status).toBe(200);
    await expectRefused(usher.public, userRequest(user(guests.privateKey)));
    await expectRefused(usher.public, guestRequest(guest(users.privateKey)));
  });

  it('do not verify with a key of another curve or another algorithm', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const forged = [
      keyToken(userClaims(), { alg: 'ES384', kid: 'k1' }, other),
      keyToken(userClaims(), { alg: 'ES256', kid: 'k1' }, other),
      keyToken(userClaims(), { alg: 'ES512' }, users.privateKey),
      keyToken(userClaims(), { alg: 'ES384' }, users.privateKey),
      keyToken(userClaims(), { alg: 'RS256', kid: 'k1' }, rsa),
      keyToken(userClaims(), { alg: 'PS256' }, rsa),
    ];
    for (const token of forged) await expectTokenRefused(usher.public, token);
  });

  it('are not used as secrets', async () => {
    const { publicKey } = users;
    const spellings = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicKey.export({ format: 'jwk' })),
      publicKey.export({ format: 'jwk' }).x!,
    ];
    for (const secret of spellings) {
      for (const alg of ['HS256', 'HS384', 'HS512', 'ES256', 'ES384']) {
        await expectTokenRefused(usher.public, hmacToken(userClaims(), { alg, kid: 'k1' }, secret));
      }
    }
  });
});
