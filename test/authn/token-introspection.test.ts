import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CredentialReader } from '../../src/authn/credential.ts';
import {
  createTokenIntrospection,
  opaqueOrJwt,
  type TokenIntrospectionSettings,
} from '../../src/authn/token-introspection.ts';
import type { IssuerClaims } from '../../src/authn/token-issuers.ts';
import { createApplicationClient } from '../../src/application/application-client.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { testNow } from '../support/tokens.ts';
import { startJwksServer, type JwksServer } from './jwt/jwks-server.ts';

const second = 1000;
const token = '2YotnFZFEjr1zCsicMWpAA==';
const active = { active: true, sub: 'Z5O3upPC88QrAjx00dis', exp: testNow / second + 60 };

let server: JwksServer;
let time: number;
let read: CredentialReader;
let requests: { readonly request: IncomingMessage; readonly body: string }[];

const declared: IssuerClaims = {
  kind: 'user',
  id: [],
  revocations: [],
  claims: { id: ['sub'], roles: [['roles'], ['role']], tenant: ['tenant_id'], name: ['name'] },
  attributes: [{ name: 'scope', claim: ['scope'], type: 'string', isRequired: false }],
};

const settingsOf = (): TokenIntrospectionSettings => ({
  url: server.url,
  clientId: 'usher:1',
  clientSecret: new Secret('a b%c'),
  audience: [],
  client: createApplicationClient(
    { name: 'token introspection', origin: server.url.origin },
    { fetch, startTimer: systemClock.startTimer },
  ),
  claims: () => declared,
  now: () => time,
});

const respondWith = (status: number, body: unknown) => {
  server.respondWith((request: IncomingMessage, response: ServerResponse) => {
    void request.toArray().then((chunks: Buffer[]) => {
      requests.push({ request, body: Buffer.concat(chunks).toString() });
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
};

beforeEach(async () => {
  server = await startJwksServer();
  time = testNow;
  requests = [];
  read = createTokenIntrospection(settingsOf());
  respondWith(200, active);
});

afterEach(() => server.close());

describe('an opaque token', () => {
  it('is sent as a form with the credentials of the client, form-encoded (RFC 6749 §2.3.1)', async () => {
    await read(token);
    const [{ request, body }] = requests as [(typeof requests)[number]];
    expect(request.method).toBe('POST');
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('usher%3A1:a+b%25c').toString('base64')}`,
    });
    expect(body).toBe('token=2YotnFZFEjr1zCsicMWpAA%3D%3D&token_type_hint=access_token');
  });

  it('that is active authenticates the user in its claims', async () => {
    const claims = { tenant_id: 7, roles: 'editor', name: 'Alice', jti: 'j', scope: 'read write' };
    respondWith(200, { ...active, ...claims, iat: time / second + 5 });
    expect(await read(token)).toEqual({
      principal: {
        kind: 'user',
        id: active.sub,
        tenantId: '7',
        roles: ['editor'],
        name: 'Alice',
        attributes: { scope: 'read write' },
        tokenId: 'j',
        subject: undefined,
        issuedAt: time,
        expiresAt: time + 60 * second,
      },
    });
  });

  it('without an expiry is introspected again within an hour', async () => {
    respondWith(200, { active: true, sub: '1' });
    expect(await read(token)).toHaveProperty('principal.expiresAt', time + 3600 * second);
  });

  it('that is not active is refused, and that result is cached for a second', async () => {
    respondWith(200, { active: false });
    expect(await read(token)).toMatchObject({ fault: 'credential-rejected' });
    respondWith(200, active);
    expect(await read(token)).toMatchObject({ fault: 'credential-rejected' });
    time += second;
    expect(await read(token)).toHaveProperty('principal');
  });

  it('is introspected once in five seconds, and is refused after its expiry', async () => {
    respondWith(200, { ...active, exp: time / second + 2 });
    await Promise.all([read(token), read(token)]);
    expect(requests).toHaveLength(1);
    time += 2 * second;
    expect(await read(token)).toMatchObject({ fault: 'credential-expired' });
    expect(requests).toHaveLength(2);
  });

  it('without an id is refused, and the reason names the claim', async () => {
    respondWith(200, { active: true, username: 'alice' });
    expect(await read(token)).toMatchObject({
      fault: 'credential-rejected',
      detail: expect.stringMatching(/^claim sub is .*: found nothing$/) as string,
    });
  });

  it.each<[string, string]>([
    ['token_use', 'refresh_token'],
    ['typ', 'Refresh'],
    ['typ', 'Offline'],
    ['typ', 'ID'],
    ['token_type', 'refresh_token'],
  ])('is refused if it is another kind of token: %s is %s', async (name, kind) => {
    respondWith(200, { ...active, token_type: 'Bearer', [name]: kind });
    const detail = `claim ${name} names an access token`;
    expect(await read(token)).toEqual({ fault: 'credential-rejected', detail });
  });

  it.each<[string, unknown]>([
    ['token_use', 'access_token'],
    ['typ', 'Bearer'],
    ['typ', 'at+jwt'],
    ['token_type', 'bearer'],
    ['typ', null],
    ['typ', 7],
  ])('is accepted if %s is %j', async (name, kind) => {
    respondWith(200, { ...active, [name]: kind });
    expect(await read(token)).toHaveProperty('principal');
  });

  it.each<[unknown, string]>([
    ['1893456000', 'a text'],
    ['2030-01-01T00:00:00Z', 'a text'],
    [1893456000000, 'a number'],
    [-1, 'a number'],
    [true, 'a boolean'],
    [[], 'a list'],
  ])('with the expiry %j is refused, because its expiry is unknown', async (exp, found) => {
    respondWith(200, { ...active, exp });
    expect(await read(token)).toEqual({
      fault: 'credential-rejected',
      detail: `claim exp is a time in seconds since 1970: found ${found}`,
    });
  });

  it.each<[unknown, string]>([
    ['2025-06-01T12:00:00Z', 'a text'],
    [1748779200000, 'a number'],
    [{}, 'an object'],
  ])('with the issue time %j is accepted without it, and a note says so', async (iat, found) => {
    respondWith(200, { ...active, iat, jti: [] });
    const identification = await read(token);
    expect(identification).toHaveProperty('principal.issuedAt', undefined);
    expect(identification).toHaveProperty('notes', [
      'token is accepted without its jti, which cannot be read: it cannot be revoked by its id',
      `token is accepted without its iat, which is a time in seconds since 1970: found ${found}; after a revocation of its user it is refused`,
    ]);
  });

  it.each([null, undefined])('may have %s as its issue time and its expiry', async (absent) => {
    respondWith(200, { ...active, iat: absent, exp: absent });
    const identification = await read(token);
    expect(identification).toHaveProperty('principal.issuedAt', undefined);
    expect(identification).not.toHaveProperty('notes');
  });

  // RFC 7662 §4: the server checks nbf before it says that a token is active.
  it.each(['tomorrow', {}, testNow * 2])('is accepted with any nbf: %j', async (nbf) => {
    respondWith(200, { ...active, nbf });
    expect(await read(token)).toHaveProperty('principal');
  });

  it('must have one of the audiences, if they are configured', async () => {
    read = createTokenIntrospection({ ...settingsOf(), audience: ['chat', 'account'] });
    const statuses: unknown[] = [];
    for (const [i, aud] of ['chat', ['x', 'account'], 'other', undefined, null].entries()) {
      respondWith(200, { ...active, aud });
      statuses.push('principal' in (await read(`token-${i}`)));
    }
    expect(statuses).toEqual([true, true, false, false, false]);
  });

  it.each<[string, number, unknown]>([
    ['401 after a wrong client secret', 401, { error: 'invalid_client' }],
    ['403', 403, ''],
    ['404', 404, ''],
    ['500', 500, active],
    ['302', 302, ''],
    ['no JSON', 200, '<html>'],
    ['no active member', 200, { sub: '1' }],
    ['a text as active', 200, { ...active, active: 'true' }],
    ['a number as active', 200, { ...active, active: 1 }],
  ])(
    'a response with %s is an outage, and the next request is sent',
    async (_case, status, body) => {
      respondWith(status, body);
      const outcome = read(token);
      await expect(outcome).rejects.toBeInstanceOf(Unavailable);
      await expect(outcome).rejects.toMatchObject({ dependency: 'token introspection' });
      respondWith(200, active);
      expect(await read(token)).toHaveProperty('principal');
    },
  );

  it.each(['', 'a b', 'ä', 'a\r\nb', '=', 'a=b'])(
    'is not introspected if it is %j',
    async (text) => {
      expect(await read(text)).toMatchObject({ fault: 'credential-malformed' });
      expect(requests).toEqual([]);
    },
  );
});

describe('the choice of the reader', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl';
  const chosenBy = async (text: string, hasIssuers = true, kind?: string) => {
    const says = (fault: string) => () => Promise.resolve({ fault } as never);
    const choice = opaqueOrJwt(says('jwt'), says('opaque'), () => hasIssuers);
    return (await choice(text, kind)) as unknown;
  };

  it('leaves a JWT to its issuer, even if the issuer’s reader refuses it', async () => {
    expect(await chosenBy(jwt)).toEqual({ fault: 'jwt' });
    expect(await chosenBy(token)).toEqual({ fault: 'opaque' });
    expect(await chosenBy('two.parts')).toEqual({ fault: 'opaque' });
  });

  it('introspects a JWT if no configured issuer can have made it', async () => {
    expect(await chosenBy(jwt, false)).toEqual({ fault: 'opaque' });
  });

  it('does not authenticate a user by a token for another kind of route', async () => {
    expect(await chosenBy(token, true, 'guest')).toEqual({ fault: 'jwt' });
    expect(await chosenBy(token, true, 'user')).toEqual({ fault: 'opaque' });
  });
});
