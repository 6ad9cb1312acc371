import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startJwksServer } from '../../authn/jwt/jwks-server.ts';
import type { JwksServer } from '../../authn/jwt/jwks-server.ts';
import { createTestDatabase, withClient } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { hmacToken, userClaims } from '../../support/tokens.ts';
import { allowedOrigin, startUsher } from '../../support/usher.ts';
import type { TestUsher } from '../../support/usher.ts';
import { send, socketId } from '../requests.ts';

const secret = 'mHy3x2Tg0cXbVq8sR5kLw9nZd7jPfA4uE6oYtQ1b';
const signIn = (usher: TestUsher, bearer: string) =>
  send(usher.public, {
    path: '/broadcasting/user-auth',
    headers: { authorization: `Bearer ${bearer}` },
    body: new URLSearchParams({ socket_id: socketId }),
  });

const enterAs = async (usher: TestUsher, channel: string, headers: object) =>
  (
    await send(usher.public, {
      path: '/broadcasting/auth',
      headers: { authorization: `Bearer 7|${secret}`, ...headers },
      body: new URLSearchParams({ socket_id: socketId, channel_name: channel }),
    })
  ).status;

async function operateRoom(usher: TestUsher, room: string, body: object): Promise<void> {
  const response = await fetch(`${usher.operator}/resources/rooms/${room}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

describe('Sanctum tokens', () => {
  let host: TestDatabase;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await createTestDatabase(undefined, 'template1');
    const hash = createHash('sha256').update(secret).digest('hex');
    await withClient(host.url, (admin) =>
      admin.query(`
        CREATE TABLE personal_access_tokens (id bigint, tokenable_type text, tokenable_id bigint,
          token text, abilities text, expires_at timestamp(0), created_at timestamp(0));
        INSERT INTO personal_access_tokens
          VALUES (7, 'App\\Models\\User', 15, '${hash}', '["*"]', NULL, '2025-01-01 00:00:00')`),
    );
    usher = await startUsher({ SANCTUM_DATABASE_URL: host.url.reveal() });
  });
  afterAll(async () => {
    await usher.stop();
    await host.drop();
  });

  it('are accepted as bearer tokens', async () => {
    const { status, text } = await signIn(usher, `7|${secret}`);
    expect([status, text]).toEqual([200, expect.stringContaining('{\\"id\\":\\"15\\"') as string]);
  });

  it('may be sent without their id', async () => {
    expect((await signIn(usher, secret)).status).toBe(200);
    expect((await signIn(usher, `${secret}x`)).status).toBe(401);
    expect((await signIn(usher, 'x'.repeat(16_384))).status).toBe(401);
  });

  it('have no tenant: they grant rooms without one, but neither announcements nor requests for a tenant', async () => {
    await operateRoom(usher, 's', { participants: ['15'] });
    const enter = (channel: string, headers = {}) => enterAs(usher, channel, headers);
    expect(await enter('private-room-s')).toBe(200);
    expect(await enter('private-announcements')).toBe(403);
    expect(await enter('private-room-s', { 'x-tenant-id': '1' })).toBe(403);
  });

  it('belong to the tenant SANCTUM_TENANT, and grant its channels', async () => {
    const single = await startUsher({
      SANCTUM_DATABASE_URL: host.url.reveal(),
      SANCTUM_TENANT: '1',
    });
    await operateRoom(single, 's', { participants: ['15'], tenant_id: '1' });
    const enter = (channel: string, tenant?: string) =>
      enterAs(single, channel, tenant === undefined ? {} : { 'x-tenant-id': tenant });
    expect(await enter('private-announcements', '1')).toBe(200);
    expect(await enter('private-tenant.1.announcements', '1')).toBe(200);
    expect(await enter('private-room-s', '1')).toBe(200);
    expect(await enter('private-tenant.1.admin', '1')).toBe(403);
    expect(await enter('private-announcements', '2')).toBe(403);
    expect(await enter('private-announcements')).toBe(403);
    await single.stop();
  });

  it('with another secret are refused, and no response repeats them', async () => {
    const { status, text } = await signIn(usher, `7|${secret}x`);
    expect(status).toBe(401);
    expect(text).not.toContain(secret);
  });

  it('are of a kind that is not configured if there is no host', async () => {
    const without = await startUsher();
    expect((await signIn(without, `7|${secret}`)).status).toBe(401);
    const { rows } = await withClient(without.database, (client) =>
      client.query('SELECT code FROM audit_log'),
    );
    expect(rows).toEqual([{ code: 'credential-not-configured' }]);
    await without.stop();
  });
});

describe('Passport tokens', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const jti = 'e1'.repeat(40);
  const passportToken = (usher: TestUsher) => {
    const at = usher.clock.now / 1000;
    const claims = { aud: '3', jti, iat: at, nbf: at, exp: at + 31_622_400, sub: '15', scopes: [] };
    const parts = [{ typ: 'JWT', alg: 'RS256' }, claims];
    const input = parts
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  };
  let host: TestDatabase;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await createTestDatabase(undefined, 'template1');
    await withClient(host.url, (admin) =>
      admin.query(`
        CREATE TABLE oauth_access_tokens (id varchar(100), user_id bigint, revoked boolean,
          expires_at timestamp(0));
        INSERT INTO oauth_access_tokens VALUES ('${jti}', 15, false, NULL)`),
    );
    usher = await startUsher({
      PASSPORT_DATABASE_URL: host.url.reveal(),
      PASSPORT_PUBLIC_KEY: pem.replaceAll('\n', '\\n'),
    });
  });
  afterAll(async () => {
    await usher.stop();
    await host.drop();
  });

  it('are accepted as bearer tokens until the application revokes them', async () => {
    const token = passportToken(usher);
    expect((await signIn(usher, token)).status).toBe(200);
    await withClient(host.url, (admin) =>
      admin.query('UPDATE oauth_access_tokens SET revoked = true'),
    );
    expect((await signIn(usher, token)).status).toBe(401);
    const { rows } = await withClient(usher.database, (client) =>
      client.query('SELECT failed_check FROM audit_log WHERE outcome = $1', ['refusal']),
    );
    expect(rows).toEqual([
      { failed_check: 'row of the token in oauth_access_tokens is not revoked' },
    ]);
  });

  it('get 503 while the application’s database does not respond', async () => {
    await withClient(host.url, (admin) =>
      admin.query('ALTER TABLE oauth_access_tokens RENAME TO hidden'),
    );
    expect((await signIn(usher, passportToken(usher))).status).toBe(503);
  });

  it('do not affect the JWTs of USER_TOKEN_SECRET', async () => {
    expect((await signIn(usher, hmacToken(userClaims({ tenant_id: null })))).status).toBe(200);
  });
});

describe('opaque tokens that an introspection endpoint knows', () => {
  it('are accepted as bearer tokens; wrong client credentials are an outage', async () => {
    const host = await startJwksServer();
    const usher = await startUsher({
      INTROSPECTION_URL: host.url.href,
      INTROSPECTION_CLIENT_ID: 'usher',
      INTROSPECTION_CLIENT_SECRET: 'of-the-client',
    });
    host.respondWith(json('{"active":true,"sub":"15"}'));
    const { status, text } = await signIn(usher, 'opaque-1');
    expect([status, text]).toEqual([200, expect.stringContaining('{\\"id\\":\\"15\\"') as string]);
    host.respondWith(json('{"active":false}'));
    expect((await signIn(usher, 'opaque-2')).status).toBe(401);
    host.respondWith((_request, response) => response.writeHead(401).end());
    expect((await signIn(usher, 'opaque-3')).status).toBe(503);
    await usher.stop();
    await host.close();
  });
});

describe('an application that identifies the user of a cookie', () => {
  let host: JwksServer;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await startJwksServer();
    usher = await startUsher({
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: host.url.href,
      SESSION_COOKIE_NAME: 'sid',
    });
  });
  afterAll(async () => {
    await usher.stop();
    await host.close();
  });
  const enter = (cookie: string) =>
    send(usher.public, {
      path: '/broadcasting/auth',
      headers: { origin: allowedOrigin, cookie: `other=1; sid=${cookie}` },
      body: new URLSearchParams({ socket_id: socketId, channel_name: 'private-chat-box' }),
    });

  it('authorizes the channels of its session endpoints', async () => {
    host.respondWith(json('{"user_id":15,"is_staff":true}'));
    expect((await enter('staff')).status).toBe(200);
    host.respondWith(json('{"user_id":16}'));
    expect((await enter('visitor')).status).toBe(403);
    host.respondWith((_request, response) => response.writeHead(401).end());
    expect((await enter('nobody')).status).toBe(401);
    host.respondWith((_request, response) => response.writeHead(500).end());
    const { status, headers } = await enter('somebody');
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });

  it('receives all cookies that SESSION_COOKIES names, and no others', async () => {
    const several = await startUsher({
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: host.url.href,
      SESSION_COOKIES: 'laravel_session,remember_web_*',
    });
    const seen: (string | undefined)[] = [];
    host.respondWith((request, response) => {
      seen.push(request.headers.cookie);
      json('{"id":15,"roles":["staff"],"tenant":null}')(request, response);
    });
    const { status } = await send(several.public, {
      path: '/broadcasting/auth',
      headers: { origin: allowedOrigin, cookie: 'remember_web_59ba=r; XSRF-TOKEN=x; sid=y' },
      body: new URLSearchParams({ socket_id: socketId, channel_name: 'private-payment-15' }),
    });
    await several.stop();
    expect([status, seen]).toEqual([403, ['remember_web_59ba=r']]);
  });
});
