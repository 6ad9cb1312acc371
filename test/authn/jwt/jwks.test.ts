import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refused } from '../refused.ts';
import { createJwks } from '../../../src/authn/jwt/jwks.ts';
import { createOnlyVerifier } from './verifier.ts';
import type { OnlyVerifier } from './verifier.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { guestClaims, hmacToken, keyToken, testNow, testSecret } from '../../support/tokens.ts';
import { endlessBody, json, keySet, startJwksServer } from './jwks-server.ts';
import type { JwksServer } from './jwks-server.ts';

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const first = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const second = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');

const jwk = (pair: Pair, more: object = {}) => ({
  ...pair.publicKey.export({ format: 'jwk' }),
  ...more,
});
const token = (pair: Pair, kid?: unknown, alg = 'ES256') =>
  keyToken(guestClaims({ exp: testNow / 1000 + 86_400 }), { alg, kid }, pair.privateKey);

const second30 = 30_000;
const second2 = 2_000;
const minute = 60_000;
const rejected = refused('credential-rejected');

let server: JwksServer;
let time: number;
let verifier: OnlyVerifier;
const now = () => time;
const pass = (milliseconds: number) => {
  time += milliseconds;
};

beforeEach(async () => {
  server = await startJwksServer();
  time = testNow;
  verifier = verifierOf(server.url);
  server.respondWith(keySet(jwk(first, { kid: 'a' })));
});

afterEach(() => server.close());

function verifierOf(url: URL, timeoutMs = 2000): OnlyVerifier {
  return createOnlyVerifier({ keys: createJwks({ url, now, fetch, timeoutMs }), now });
}

const expectGood = async (text: string) => {
  expect(await verifier.verify(text)).toHaveProperty('claims');
};
const expectRejected = async (text: string) => {
  expect(await verifier.verify(text)).toEqual(rejected);
};
const expectOutage = async (text: string) => {
  const outcome = verifier.verify(text);
  await expect(outcome).rejects.toBeInstanceOf(Unavailable);
  await expect(outcome).rejects.toMatchObject({ dependency: 'token keys' });
};

describe('keys at a URL', () => {
  it('are fetched once, for many tokens at the same time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => expectGood(token(first, 'a'))));
    expect(server.requests()).toBe(1);
  });

  it.each<[string, () => void, string]>([
    [
      'a status',
      () => {
        server.respondWith((_, response) => response.writeHead(404).end());
      },
      '404',
    ],
    [
      'no JSON',
      () => {
        server.respondWith(json('<html>'));
      },
      'is not JSON',
    ],
    [
      'a redirect',
      () => {
        server.respondWith((_, response) => response.writeHead(302).end());
      },
      '302',
    ],
  ])('name their issuer in the reason of an outage: %s', async (_what, respond, why) => {
    respond();
    const keys = createJwks({ url: server.url, name: 'keycloak', now, fetch });
    const cause = await keys.find({ alg: 'ES256' }).catch((error: unknown) => {
      return error instanceof Unavailable ? error.cause : error;
    });
    expect(String(cause)).toMatch(/^Error: issuer keycloak: /);
    expect(String(cause)).toContain(why);
  });

  it('verify a token without a key id when only one fits', async () => {
    server.respondWith(keySet(jwk(first, { kid: 'a' }), jwk(rsa, { kid: 'b' })));
    await expectGood(token(first));
    await expectGood(token(rsa, undefined, 'RS256'));
  });

  it('are tried for a token without a key id, at most four of them', async () => {
    const pairs = Array.from({ length: 5 }, () =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    );
    server.respondWith(
      keySet(jwk(rsa, { kid: 'r' }), ...pairs.map((pair, i) => jwk(pair, { kid: `k${i}` }))),
    );
    for (const pair of pairs.slice(0, 4)) await expectGood(token(pair));
    await expectRejected(token(pairs[4]!));
    await expectGood(token(pairs[4]!, 'k4'));
    await expectGood(token(rsa, undefined, 'RS256'));
  });

  it('reject a token whose key id belongs to two keys', async () => {
    server.respondWith(keySet(jwk(first, { kid: 'a' }), jwk(second, { kid: 'a' })));
    await expectRejected(token(first, 'a'));
  });

  it('accept a token whose key is in the set twice', async () => {
    server.respondWith(keySet(jwk(first, { kid: 'a' }), jwk(first, { kid: 'a', x5t: 'AAAA' })));
    await expectGood(token(first, 'a'));
  });

  it('treat a null member as missing', async () => {
    const nulls = { use: null, key_ops: null, alg: null, x5c: null, d: null };
    server.respondWith(
      keySet(jwk(first, { kid: 'a', ...nulls }), jwk(second, { kid: null, ...nulls })),
    );
    await expectGood(token(first, 'a'));
    await expectGood(token(second));
  });

  it.each([
    ['RS256', rsa, {}],
    ['RS384', rsa, { alg: 'RS384' }],
    ['RS512', rsa, { alg: 'RS512' }],
    ['PS256', rsa, { alg: 'PS256' }],
    ['PS384', rsa, { alg: 'PS384' }],
    ['PS512', rsa, { alg: 'PS512' }],
    ['ES384', p384, {}],
    ['ES512', p521, { alg: 'ES512' }],
    ['EdDSA', ed25519, {}],
    ['Ed25519', ed25519, { alg: 'Ed25519' }],
    ['ES256', first, { alg: 'ES256', use: 'sig', key_ops: ['verify'] }],
  ])('verify %s', async (alg, pair, more) => {
    server.respondWith(keySet(jwk(pair, { kid: 'k', ...more })));
    await expectGood(token(pair, 'k', alg));
  });

  it('have the configured algorithm if they have no alg', async () => {
    const keys = createJwks({ url: server.url, algorithm: 'PS256', now, fetch });
    const { verify } = createOnlyVerifier({ keys, now });
    server.respondWith(keySet(jwk(rsa), jwk(first), jwk(rsa, { kid: 'named', alg: 'RS512' })));
    const good: readonly (readonly [typeof rsa, string, string?])[] = [
      [rsa, 'PS256'],
      [first, 'ES256'],
      [rsa, 'RS512', 'named'],
    ];
    for (const [pair, alg, kid] of good) {
      expect(await verify(token(pair, kid, alg))).toHaveProperty('claims');
    }
    expect(await verify(token(rsa, undefined, 'RS256'))).toEqual(rejected);
    expect(await verify(token(rsa, 'named', 'PS256'))).toEqual(rejected);
  });

  it.each([
    ['PS256', rsa, {}],
    ['RS256', rsa, { alg: 'PS256' }],
    ['RS512', rsa, { alg: 'RS384' }],
    ['ES512', p521, { alg: 'ES256' }],
    ['EdDSA', ed25519, { alg: 'Ed25519' }],
    ['ES256', first, { alg: 'ES384' }],
    ['ES256', first, { use: 'enc' }],
    ['ES256', first, { key_ops: ['sign'] }],
    ['ES256', first, { key_ops: 'verify' }],
    ['ES256', first, { kid: 7 }],
    ['ES256', first, { d: 'AAAA' }],
    ['ES256', first, { x: 'AAAA' }],
  ])('do not verify %s with a key that is not for it', async (alg, pair, more) => {
    server.respondWith(keySet(jwk(pair, { kid: 'k', ...more })));
    await expectRejected(token(pair, 'k', alg));
    await expectRejected(token(pair, undefined, alg));
  });

  it('are never symmetric, nor used as a secret', async () => {
    const k = Buffer.from(testSecret.reveal()).toString('base64url');
    const spki = first.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    server.respondWith(keySet({ kty: 'oct', kid: 'a', k, alg: 'HS256' }, jwk(first, { kid: 'b' })));
    await expectRejected(hmacToken(guestClaims(), { kid: 'a' }));
    await expectRejected(hmacToken(guestClaims(), { kid: 'b' }, spki));
    await expectRejected(hmacToken(guestClaims(), { alg: 'none' }));
    expect(server.requests()).toBe(0);
    await expectGood(token(first, 'b'));
  });

  it('that are malformed do not affect the others', async () => {
    const broken = [null, 7, [], {}, { kty: 'EC' }, { kty: 'RSA', n: 'AQAB', e: 'AQAB' }];
    server.respondWith(json(JSON.stringify({ keys: [...broken, jwk(first, { kid: 'a' })] })));
    await expectGood(token(first, 'a'));
  });

  it.each(['../a', '/etc/passwd', 'a\0', 'A', '', '__proto__', 'constructor', "' OR 1=1 --"])(
    'are not found by the id %j',
    async (kid) => {
      await expectRejected(token(first, kid));
    },
  );

  it.each([[1], [{}], [['a']], [true]])('with the malformed id %j are ignored', async (kid) => {
    expect(await verifier.verify(token(first, kid))).toEqual(refused('credential-malformed'));
    expect(server.requests()).toBe(0);
  });

  it('of another issuer are not shared', async () => {
    const other = await startJwksServer();
    other.respondWith(keySet(jwk(second, { kid: 'b' })));
    const theirs = verifierOf(other.url);
    await expectGood(token(first, 'a'));
    expect(await theirs.verify(token(second, 'b'))).toHaveProperty('claims');
    await expectRejected(token(second, 'b'));
    expect(await theirs.verify(token(first, 'a'))).toEqual(rejected);
    await other.close();
  });
});

describe('key rotation', () => {
  it('is detected by an unknown key id, after the cool-down', async () => {
    await expectGood(token(first, 'a'));
    server.respondWith(keySet(jwk(second, { kid: 'b' })));
    pass(second30 - 1);
    await expectRejected(token(second, 'b'));
    pass(1);
    await expectGood(token(second, 'b'));
    await expectRejected(token(first, 'a'));
    expect(server.requests()).toBe(2);
  });

  it('is detected after ten minutes at the latest, also for a withdrawn key', async () => {
    await expectGood(token(first, 'a'));
    server.respondWith(keySet(jwk(second, { kid: 'b' })));
    pass(10 * minute - 1);
    await expectGood(token(first, 'a'));
    expect(server.requests()).toBe(1);
    pass(1);
    await expectRejected(token(first, 'a'));
    expect(server.requests()).toBe(2);
  });

  it('causes one request in each cool-down, however many unknown ids arrive', async () => {
    await expectGood(token(first, 'a'));
    for (let round = 1; round <= 3; round += 1) {
      pass(second30);
      const flood = Array.from({ length: 100 }, (_, i) =>
        expectRejected(token(second, `unknown-${round}-${i}`)),
      );
      await Promise.all([...flood, expectGood(token(first, 'a'))]);
      expect(server.requests()).toBe(1 + round);
    }
  });

  it('is detected after the clock was set back', async () => {
    await expectGood(token(first, 'a'));
    server.respondWith(keySet(jwk(second, { kid: 'b' })));
    pass(-10_000);
    await expectGood(token(second, 'b'));
  });
});

describe('an outage of the key set', () => {
  const failure = (status: number) => () => {
    server.respondWith((_request, response) => response.writeHead(status).end('{"keys":[]}'));
  };

  it.each([
    ['500', failure(500)],
    ['404', failure(404)],
    ['204', failure(204)],
    [
      'no JSON',
      () => {
        server.respondWith(json('<html>'));
      },
    ],
    [
      'an empty body',
      () => {
        server.respondWith(json(''));
      },
    ],
    [
      'JSON of another shape',
      () => {
        server.respondWith(json('{"keys":{}}'));
      },
    ],
    [
      'a list',
      () => {
        server.respondWith(json('[]'));
      },
    ],
    [
      'null',
      () => {
        server.respondWith(json('null'));
      },
    ],
    [
      'too many keys',
      () => {
        server.respondWith(keySet(...Array.from({ length: 65 }, () => jwk(first, { kid: 'a' }))));
      },
    ],
    [
      'text that is not UTF-8',
      () => {
        server.respondWith((_request, response) =>
          response.end(Buffer.from('{"keys":[],"x":"\xff"}', 'latin1')),
        );
      },
    ],
    [
      'a broken connection',
      () => {
        server.respondWith((request) => request.socket.destroy());
      },
    ],
    [
      'a truncated body',
      () => {
        server.respondWith((request, response) => {
          response.writeHead(200, { 'content-length': 100 }).write('{"keys":');
          response.write('[', () => request.socket.destroy());
        });
      },
    ],
  ])('is Unavailable, with one request in two seconds: %s', async (_name, breakServer) => {
    breakServer();
    await expectOutage(token(first, 'a'));
    await expectOutage(token(first, 'a'));
    expect(server.requests()).toBe(1);
    server.respondWith(keySet(jwk(first, { kid: 'a' })));
    pass(second2 - 1);
    await expectOutage(token(first, 'a'));
    pass(1);
    await expectGood(token(first, 'a'));
    expect(server.requests()).toBe(2);
  });

  it('does not affect known keys for ten minutes, and no longer', async () => {
    await expectGood(token(first, 'a'));
    await server.close();
    pass(second30);
    await expectOutage(token(second, 'b'));
    await expectOutage(token(second, 'c'));
    await expectGood(token(first, 'a'));
    pass(10 * minute - second30);
    await expectOutage(token(first, 'a'));
  });

  it('ends when the keys were fetched again', async () => {
    server.respondWith(json(''));
    await expectOutage(token(first, 'a'));
    pass(second30);
    server.respondWith(keySet(jwk(first, { kid: 'a' })));
    await expectGood(token(first, 'a'));
    await expectRejected(token(second, 'b'));
  });

  it('includes a redirect, which is not followed', async () => {
    const elsewhere = await startJwksServer();
    elsewhere.respondWith(keySet(jwk(first, { kid: 'a' })));
    server.respondWith((_request, response) =>
      response.writeHead(302, { location: elsewhere.url.href }).end(),
    );
    await expectOutage(token(first, 'a'));
    expect(elsewhere.requests()).toBe(0);
    await elsewhere.close();
  });

  it('includes a body without an end, which is aborted', async () => {
    const body = endlessBody();
    server.respondWith(body.respond);
    await expectOutage(token(first, 'a'));
    expect(body.sent()).toBeLessThan(16 * 1024 * 1024);
  });

  it('includes a server that does not respond, or stops within its response', async () => {
    verifier = verifierOf(server.url, 50);
    server.respondWith(() => undefined);
    await expectOutage(token(first, 'a'));
    pass(second30);
    server.respondWith((_request, response) => response.writeHead(200).write('{"keys":['));
    await expectOutage(token(first, 'a'));
    pass(second30);
    server.respondWith(keySet(jwk(first, { kid: 'a' })));
    await expectGood(token(first, 'a'));
  });

  it('does not make the token invalid', async () => {
    const text = token(first, 'a');
    await server.close();
    const error: unknown = await verifier.verify(text).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain(
      text.slice(0, 20),
    );
  });
});

describe('the URL of a key set', () => {
  it.each(['https://id.example/keys', 'http://localhost:1/', 'http://127.0.0.1/', 'http://[::1]/'])(
    'may be %s',
    (url) => {
      expect(() => createJwks({ url: new URL(url), now, fetch })).not.toThrow();
    },
  );

  it.each([
    'http://id.example/keys',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'file:///etc/keys',
    'data:application/json,{}',
    'ftp://localhost/',
    'https://user:geheim@id.example/',
  ])('may not be %s', (url) => {
    expect(() => createJwks({ url: new URL(url), now, fetch })).toThrow(/^The JWKS address must/);
    expect(() => createJwks({ url: new URL(url), now, fetch })).not.toThrow(/geheim/);
  });
});
