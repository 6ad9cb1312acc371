import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startJwksServer } from '../../authn/jwt/jwks-server.ts';
import type { JwksServer } from '../../authn/jwt/jwks-server.ts';
import { createTestDatabase, withClient } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
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
  const answer = await fetch(`${usher.operator}/resources/rooms/${room}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

describe('Sanctum’s tokens', () => {
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

  it('are bearer tokens', async () => {
    const { status, text } = await signIn(usher, `7|${secret}`);
    expect([status, text]).toEqual([200, expect.stringContaining('{\\"id\\":\\"15\\"') as string]);
  });

  it('have no tenant: they open rooms without one, and neither announcements nor a request for a tenant', async () => {
    await operateRoom(usher, 's', { participants: ['15'] });
    const enter = (channel: string, headers = {}) => enterAs(usher, channel, headers);
    expect(await enter('private-room-s')).toBe(200);
    expect(await enter('private-announcements')).toBe(403);
    expect(await enter('private-room-s', { 'x-tenant-id': '1' })).toBe(403);
  });

  it('are of the tenant that SANCTUM_TENANT names, and open what is that tenant’s', async () => {
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

  it('with another secret are not, and no body tells what was sent', async () => {
    const { status, text } = await signIn(usher, `7|${secret}x`);
    expect(status).toBe(401);
    expect(text).not.toContain(secret);
  });

  it('are malformed where no host was configured', async () => {
    const without = await startUsher();
    expect((await signIn(without, `7|${secret}`)).status).toBe(401);
    const { rows } = await withClient(without.database, (client) =>
      client.query('SELECT code FROM audit_log'),
    );
    expect(rows).toEqual([{ code: 'credential-malformed' }]);
    await without.stop();
  });
});

describe('a host that is asked who a cookie belongs to', () => {
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

  it('opens its doors, or closes them', async () => {
    host.answer(json('{"user_id":15,"is_staff":true}'));
    expect((await enter('staff')).status).toBe(200);
    host.answer(json('{"user_id":16}'));
    expect((await enter('visitor')).status).toBe(403);
    host.answer((_request, response) => response.writeHead(401).end());
    expect((await enter('nobody')).status).toBe(401);
    host.answer((_request, response) => response.writeHead(500).end());
    const { status, headers } = await enter('somebody');
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });
});
