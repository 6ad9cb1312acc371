import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database.ts';
import { startUsher, userToken, type TestUsher } from '../support/usher.ts';

const policy = fileURLToPath(new URL('../../examples/sql/tenant-rooms.yaml', import.meta.url));

let [marketplace, usher]: [TestDatabase?, TestUsher?] = [];

beforeAll(async () => {
  marketplace = await createTestDatabase(undefined, 'template1');
  await onMarketplace(`
    CREATE TABLE rooms (id text PRIMARY KEY, tenant_id bigint NOT NULL, guest_session_id text);
    CREATE TABLE room_participants (room_id text NOT NULL, user_id bigint NOT NULL)`);
  usher = await startUsher({
    POLICY: policy,
    MARKETPLACE_DATABASE_URL: marketplace.url.reveal(),
    PUSHER_APPS: JSON.stringify([
      { tenants: ['1'], app_id: '2', key: 'key-of-1', secret: 'secret-of-1' },
    ]),
  });
});
afterAll(async () => {
  await usher?.stop();
  await marketplace?.drop();
});

const onMarketplace = (sql: string, values?: readonly string[]) =>
  withClient(marketplace!.url.reveal(), (client) => client.query(sql, values && [...values]));

async function startGuest(): Promise<{
  readonly id: string;
  readonly headers: Record<string, string>;
}> {
  const response = await fetch(`${usher!.public}/api/guest-sessions`, { method: 'POST' });
  const { guest_session_id: id, token } = (await response.json()) as Record<string, string>;
  return { id: id!, headers: { 'x-guest-session': token! } };
}

const openRoom = (id: string, tenant: string, guest: string) =>
  onMarketplace('INSERT INTO rooms VALUES ($1, $2, $3)', [id, tenant, guest]);

async function enter(channel: string, headers: Record<string, string>): Promise<string> {
  const response = await fetch(`${usher!.public}/broadcasting/auth`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ socket_id: '1.1', channel_name: channel }),
  });
  const { auth } = (await response.json()) as { readonly auth?: string };
  return auth?.split(':')[0] ?? String(response.status);
}

it('rooms by SQL are signed with the Pusher app of their tenant, for their guest and their participants', async () => {
  const guest = await startGuest();
  await openRoom('r1', '1', guest.id);
  await onMarketplace(`INSERT INTO room_participants VALUES ('r1', 16)`);
  const participant = {
    authorization: `Bearer ${userToken({ sub: '16', tenant_id: '1' })}`,
    'x-tenant-id': '1',
  };
  expect(await enter('private-tenant.1.room.r1', guest.headers)).toBe('key-of-1');
  expect(await enter('presence-tenant.1.room.r1', participant)).toBe('key-of-1');
});

it('a guest is refused the room of another guest, and their own room under the name of another tenant', async () => {
  const [guest, other] = [await startGuest(), await startGuest()];
  await openRoom('r2', '1', guest.id);
  expect(await enter('private-tenant.1.room.r2', other.headers)).toBe('403');
  expect(await enter('private-tenant.2.room.r2', guest.headers)).toBe('403');
});

it('the list of a guest has the rooms that it opened in every tenant, and no others', async () => {
  const [guest, other] = [await startGuest(), await startGuest()];
  await openRoom('r3', '1', guest.id);
  await openRoom('r4', '2', guest.id);
  await openRoom('r5', '1', other.id);
  const response = await fetch(`${usher!.public}/api/channels`, { headers: guest.headers });
  const { channels } = (await response.json()) as { readonly channels: readonly string[] };
  expect(channels.filter((each) => each.startsWith('private-')).toSorted()).toEqual([
    'private-tenant.1.room.r3',
    'private-tenant.2.room.r4',
  ]);
});
