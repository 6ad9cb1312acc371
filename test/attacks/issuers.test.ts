import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  discoveryPath,
  startIdentityProvider,
  type IdentityProvider,
  type ProviderResponses,
} from '../authn/jwt/identity-provider.ts';
import { send, userRequest } from '../http/requests.ts';
import { hmacToken, keyToken, testSeconds, type JsonObject } from '../support/tokens.ts';
import { startUsher, type TestUsher } from '../support/usher.ts';
import { expectRefused } from './attacker.ts';

const secret = 'partner-7Hn2kQ9wLx4Rt6Ys1Vb8-usher-tests';
const [first, second] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();

const jwk = (key: KeyObject, more: object = {}) => ({
  ...key.export({ format: 'jwk' }),
  kid: 'k1',
  ...more,
});

const issuer = (name: string, iss: string, keys: string) =>
  `  ${name}: { issuer: '${iss}', keys: ${keys}, audience: [usher], kind: user }`;

const policy = (issuers: readonly string[]) => `version: 1
issuers:
${issuers.join('\n')}
channels:
  private-news:
    allow:
      user: { user has an id: "user.id != ''" }
`;

const claims = (iss: unknown, changes: JsonObject = {}): JsonObject => ({
  iss,
  aud: 'usher',
  sub: '15',
  iat: testSeconds,
  exp: testSeconds + 600,
  ...changes,
});

const requestWith = (token: string) =>
  userRequest({
    headers: { authorization: `Bearer ${token}`, 'x-tenant-id': undefined },
    fields: { channel_name: 'private-news' },
  });

let directory: string;
const providers: IdentityProvider[] = [];
const provider = async (responses: ProviderResponses, path?: string) => {
  const started = await startIdentityProvider(path);
  started.serve(responses);
  providers.push(started);
  return started;
};

async function startWith(issuers: readonly string[]): Promise<TestUsher> {
  await writeFile(join(directory, 'policy.yaml'), policy(issuers));
  return startUsher({
    POLICY: directory,
    USER_TOKEN_SECRET: '',
    GUEST_TOKEN_SECRET: '',
    NODE_ENV: 'production',
    PARTNER_SECRET: secret,
    PARTNER_KEY: pem,
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-issuers-'));
});
afterAll(async () => {
  await Promise.all(providers.map((each) => each.close()));
  await rm(directory, { recursive: true });
});

it('a key without an algorithm verifies only the algorithm of the policy', async () => {
  const { issuer: origin } = await provider({ keys: [jwk(first!.publicKey, { use: null })] });
  const usher = await startWith([
    issuer('one', 'one', `{ jwks: '${origin}/keys', algorithm: PS256 }`),
  ]);
  try {
    const signed = (alg: string) =>
      requestWith(keyToken(claims('one'), { alg, kid: 'k1' }, first!.privateKey));
    expect((await send(usher.public, signed('PS256'))).status).toBe(200);
    await expectRefused(usher.public, signed('RS256'), [401]);
    await expectRefused(usher.public, signed('PS512'), [401]);
  } finally {
    await usher.stop();
  }
});

describe('a token with the iss of one issuer and the key of another', () => {
  let usher: TestUsher;
  let one: IdentityProvider;
  let other: IdentityProvider;
  beforeAll(async () => {
    one = await provider({ keys: [jwk(first!.publicKey, { alg: 'RS256' })] }, '/realms/Shop');
    other = await provider({ keys: [jwk(second!.publicKey, { alg: 'RS256' })] });
    usher = await startWith([
      issuer('one', one.issuer, 'discover'),
      issuer('other', other.issuer, 'discover'),
      issuer('partner', 'partner', '{ secret: { env: PARTNER_SECRET } }'),
      issuer('keyed', 'keyed', '{ public_key: { env: PARTNER_KEY } }'),
    ]);
  });
  afterAll(() => usher.stop());

  const rs256 = (iss: unknown, pair: typeof first, header: JsonObject = {}) =>
    keyToken(claims(iss), { alg: 'RS256', kid: 'k1', ...header }, pair!.privateKey);
  const expectTokenRefused = (token: string) =>
    expectRefused(usher.public, requestWith(token), [401]);

  it('is granted with the key of its own issuer, although both keys have the same id', async () => {
    for (const [iss, pair] of [
      [one.issuer, first],
      [other.issuer, second],
    ] as const) {
      expect((await send(usher.public, requestWith(rs256(iss, pair)))).status).toBe(200);
    }
    expect(
      (await send(usher.public, requestWith(hmacToken(claims('partner'), {}, secret)))).status,
    ).toBe(200);
  });

  it('is refused with the key of the other issuer', async () => {
    for (let round = 0; round < 2; round += 1) {
      await expectTokenRefused(rs256(one.issuer, second));
      await expectTokenRefused(rs256(other.issuer, first));
      await expectTokenRefused(rs256(one.issuer, second, { kid: undefined }));
      await expectTokenRefused(rs256('partner', first));
      await expectTokenRefused(hmacToken(claims(one.issuer), {}, secret));
      await expectTokenRefused(hmacToken(claims('keyed'), {}, secret));
      await expectTokenRefused(keyToken(claims('partner'), { alg: 'ES256' }, ec.privateKey));
    }
  });

  it('is refused if a public key is its HMAC secret', async () => {
    const spki = createPublicKey(pem);
    const secrets = [pem, pem.trim(), spki.export({ type: 'spki', format: 'der' })];
    const set = [jwk(first!.publicKey), first!.publicKey.export({ format: 'jwk' })].map((each) =>
      JSON.stringify(each),
    );
    for (const iss of [one.issuer, 'keyed', 'partner']) {
      for (const key of [...secrets, ...set]) {
        await expectTokenRefused(hmacToken(claims(iss), { kid: 'k1' }, key));
        await expectTokenRefused(hmacToken(claims(iss), {}, key));
      }
    }
  });

  it.each<[string, (iss: string) => unknown]>([
    ['a trailing slash', (iss) => `${iss}/`],
    ['two trailing slashes', (iss) => `${iss}//`],
    ['another case', (iss) => iss.toUpperCase()],
    ['another case in its path', (iss) => iss.replace('Shop', 'shop')],
    ['another case in its scheme', (iss) => iss.replace('http', 'HTTP')],
    ['a default port', (iss) => iss.replace(/:\d+/, '')],
    ['a dot segment', (iss) => `${iss}/../Shop`],
    ['a query', (iss) => `${iss}?`],
    ['a space', (iss) => `${iss} `],
    ['an invisible character', (iss) => `${iss}\u200b`],
    ['a list', (iss) => [iss]],
    ['an object', (iss) => ({ iss })],
    ['no value', () => undefined],
    ['null', () => null],
    ['a number', () => 1],
    ['the name of an object property', () => '__proto__'],
  ])('is refused with an iss that has %s', async (_case, change) => {
    const before = one.requests('/keys');
    await expectTokenRefused(rs256(change(one.issuer), first));
    await expectTokenRefused(hmacToken(claims(change(one.issuer)), {}, secret));
    expect(one.requests('/keys')).toBe(before);
  });

  it('is refused with two iss, of which the last one selects the key', async () => {
    const twice = (a: string, b: string) =>
      `{"iss":"${a}","aud":"usher","sub":"15","exp":${testSeconds + 600},"iss":"${b}"}`;
    await expectTokenRefused(hmacToken(twice('partner', one.issuer), {}, secret));
    const header = { alg: 'RS256', kid: 'k1' };
    await expectTokenRefused(keyToken(twice(one.issuer, 'partner'), header, first!.privateKey));
    await expectTokenRefused(keyToken(twice(one.issuer, other.issuer), header, first!.privateKey));
  });

  it('is refused with an invalid payload', async () => {
    const deep = `${'['.repeat(6000)}${']'.repeat(6000)}`;
    for (const payload of ['', '[]', 'null', '{', '{"iss":', deep, `{"iss":${deep}}`]) {
      await expectTokenRefused(hmacToken(payload, {}, secret));
    }
  });

  it('does not cause unlimited requests for unknown keys', async () => {
    const before = one.requests('/keys');
    for (let i = 0; i < 20; i += 1)
      await expectTokenRefused(rs256(one.issuer, first, { kid: `x${i}` }));
    expect(one.requests('/keys') - before).toBeLessThanOrEqual(1);
    expect((await send(usher.public, requestWith(rs256(one.issuer, first)))).status).toBe(200);
  });
});

describe('an issuer with invalid documents', () => {
  const keys = [jwk(first!.publicKey, { alg: 'RS256' })];
  const at = (
    path: string,
    respondWith: (response: ServerResponse) => void,
  ): ProviderResponses => ({
    keys,
    instead: ({ url }, response) => {
      if (url !== path) return false;
      respondWith(response);
      return true;
    },
  });
  const redirect = (to: string) => (response: ServerResponse) => {
    response.writeHead(302, { location: to }).end();
  };
  const large = (response: ServerResponse) => {
    response.end(JSON.stringify({ keys, padding: 'x'.repeat(10 * 1024 * 1024) }));
  };
  const evil = 'https://evil.example';

  it.each<[string, (own: string) => ProviderResponses]>([
    ['redirects its discovery document', () => at(discoveryPath, redirect('/keys'))],
    ['redirects its discovery document to another origin', () => at(discoveryPath, redirect(evil))],
    ['redirects its key set', () => at('/keys', redirect(evil))],
    [
      'names another issuer',
      (own) => ({ keys, document: { issuer: evil, jwks_uri: `${own}/keys` } }),
    ],
    [
      'names itself with a trailing slash',
      (own) => ({ keys, document: { issuer: `${own}/`, jwks_uri: `${own}/keys` } }),
    ],
    ['names no issuer', (own) => ({ keys, document: { jwks_uri: `${own}/keys` } })],
    [
      'has a jwks_uri with http',
      (own) => ({ keys, document: { issuer: own, jwks_uri: 'http://evil.example/keys' } }),
    ],
    [
      'has a jwks_uri with file',
      (own) => ({ keys, document: { issuer: own, jwks_uri: 'file:///etc/passwd' } }),
    ],
    [
      'has a jwks_uri with a password',
      (own) => ({ keys, document: { issuer: own, jwks_uri: 'https://a:b@evil.example' } }),
    ],
    ['has no jwks_uri', (own) => ({ keys, document: { issuer: own } })],
    [
      'has a list as jwks_uri',
      (own) => ({ keys, document: { issuer: own, jwks_uri: [`${own}/keys`] } }),
    ],
    [
      'responds with text that is not JSON',
      () => at(discoveryPath, (response) => response.end('no JSON')),
    ],
    ['responds with a list', () => ({ keys, document: [] })],
    ['responds with null', () => ({ keys, document: null })],
    [
      'responds with an error',
      () => at(discoveryPath, (response) => response.writeHead(500).end()),
    ],
    ['has a key set of 10 MB', () => at('/keys', large)],
    ['has a discovery document of 10 MB', () => at(discoveryPath, large)],
    [
      'has 10,000 keys',
      () => ({ keys: Array.from({ length: 10_000 }, (_, i) => ({ ...keys[0], kid: `k${i}` })) }),
    ],
    ['has an invalid key set', () => at('/keys', (response) => response.end('{"keys":{}}'))],
    ['closes the connection', () => at(discoveryPath, (response) => response.destroy())],
  ])(
    'an issuer that %s: no token is granted, and no valid token gets 401',
    async (_case, responsesOf) => {
      const idp = await startIdentityProvider();
      providers.push(idp);
      idp.serve(responsesOf(idp.issuer));
      const usher = await startWith([issuer('idp', idp.issuer, 'discover')]);
      try {
        const token = keyToken(claims(idp.issuer), { alg: 'RS256', kid: 'k1' }, first!.privateKey);
        for (let round = 0; round < 2; round += 1)
          await expectRefused(usher.public, requestWith(token), [503]);
        const forged = keyToken(claims(evil), { alg: 'RS256', kid: 'k1' }, first!.privateKey);
        await expectRefused(usher.public, requestWith(forged), [401]);
        // The keys are requested again after two seconds.
        idp.serve({ keys });
        usher.clock.now += 2_000;
        expect((await send(usher.public, requestWith(token))).status).toBe(200);
      } finally {
        await usher.stop();
      }
    },
  );
});
