import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { guestToken, pusherApp, useUsher, userToken } from '../support/usher.ts';
import { send, socketId } from './requests.ts';

interface Signed {
  readonly auth: string;
  readonly channel_data?: string;
}

/** The signature that the Pusher server computes from the data of the client. */
const signatureOf = (...parts: readonly string[]) =>
  `${pusherApp.key}:${createHmac('sha256', pusherApp.secret).update(parts.join(':')).digest('hex')}`;

const asUser = (claims: object = {}) => ({
  authorization: `Bearer ${userToken({ ...claims })}`,
  'x-tenant-id': '1',
});

async function post(url: string, fields: Record<string, string>, headers = {}) {
  const body = new URLSearchParams({ socket_id: socketId, ...fields });
  const { origin, pathname: path } = new URL(url);
  const { status, body: response } = await send(origin, { path, headers, body });
  return { status, ...(response as Signed) };
}

describe('a page that compares user_info.id with a number, USER_INFO_IDS=number', () => {
  const usher = useUsher({ USER_INFO_IDS: 'number' });

  it.each([
    ['15', 15],
    ['007', '007'],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['-0', '-0'],
    ['1e3', '1e3'],
  ])('gets %s as %j, with a valid signature', async (sub, id) => {
    await fetch(`${usher.operator}/resources/rooms/ids`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ participants: [sub] }),
    });
    const channel_name = 'presence-room-ids';
    const entered = await post(`${usher.public}/pusher/auth`, { channel_name }, asUser({ sub }));
    expect(entered.status).toBe(200);
    const data = entered.channel_data!;
    expect(JSON.parse(data)).toMatchObject({ user_id: sub, user_info: { id } });
    expect(entered.auth).toBe(signatureOf(socketId, channel_name, data));
  });
});

describe('a client that drops channel_data on private channels, GUEST_CHAT_CHANNEL_DATA=off', () => {
  const channel_name = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
  const path = '/api/guest/hotel/grand-hotel/chat/pusher/auth';
  const off = useUsher({ GUEST_CHAT_CHANNEL_DATA: 'off' });
  const soketi = useUsher({ GUEST_CHAT_CHANNEL_DATA: 'off', PUSHER_SERVER: 'soketi' });
  const usual = useUsher();

  it('gets a signature of socket and channel alone, and no channel_data', async () => {
    const response = await post(`${off.public}${path}`, { channel_name, token: guestToken() });
    expect(response).toEqual({ status: 200, auth: signatureOf(socketId, channel_name) });
  });

  it('still sees the members of presence channels', async () => {
    const presence = 'presence-tenant.1.escrow.42.chat';
    const response = await post(`${off.public}/pusher/auth`, { channel_name: presence }, asUser());
    expect(response.auth).toBe(signatureOf(socketId, presence, response.channel_data!));
  });

  it('has no effect at soketi, which signs no member there in any case', async () => {
    const response = await post(`${soketi.public}${path}`, { channel_name, token: guestToken() });
    expect(response.auth).toBe(signatureOf(socketId, channel_name));
    expect(JSON.parse(response.channel_data!)).toMatchObject({ user_info: { name: 'Guest' } });
  });

  it('is not the default', async () => {
    const response = await post(`${usual.public}${path}`, { channel_name, token: guestToken() });
    expect(response.auth).toBe(signatureOf(socketId, channel_name, response.channel_data!));
  });
});

describe('a native client that cannot send headers, TOKEN_FIELD=token', () => {
  const usher = useUsher({ TOKEN_FIELD: 'token' });
  const usual = useUsher();
  const path = '/api/tenants/1/pusher/auth';
  const channel_name = 'private-tenant.1.user.15';
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const enter = async (fields: object, headers = {}) =>
    (await post(`${usher.public}${path}`, { channel_name, ...fields }, headers)).status;

  it('is authenticated by the token in the body', async () => {
    expect(await enter({ token: userToken() })).toBe(200);
    expect(await enter({ token: userToken({ sub: '16' }) })).toBe(403);
    expect(await enter({ token: 'bad' })).toBe(401);
    expect(await enter({})).toBe(401);
  });

  it('may send the same token twice, and not two different credentials', async () => {
    const token = userToken();
    expect(await enter({ token }, bearer(token))).toBe(200);
    expect(await enter({ token }, bearer(userToken({ sub: '16' })))).toBe(400);
    expect(await enter({ token, guest_session: `guest_${'0'.repeat(64)}` })).toBe(400);
    expect(await enter({ token }, bearer('bad'))).toBe(400);
  });

  it('may leave the field empty if it sends the header', async () => {
    for (const token of ['', 'null', 'undefined']) {
      expect(await enter({ token }, bearer(userToken()))).toBe(200);
    }
    const headers = { ...bearer(userToken()), 'content-type': 'application/json' };
    const body = JSON.stringify({ socket_id: '1234.5678', channel_name, token: null });
    const response = await fetch(`${usher.public}${path}`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
  });

  it('is refused if the operator has not enabled it', async () => {
    const response = await post(`${usual.public}${path}`, { channel_name, token: userToken() });
    expect(response.status).toBe(401);
  });
});
