import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  connectPusher,
  disconnectAfterEach,
  nextEvent,
  type PusherClient,
} from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';

interface Session {
  readonly guest_session_id: string;
  readonly token: string;
}

let deployment: Deployment;
const keep = disconnectAfterEach();

beforeAll(async () => {
  deployment = await startDeployment();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

/** A page of the marketplace, whose pusher-js sends these headers along. */
function page(headers: Readonly<Record<string, string>>): PusherClient {
  const endpoint = `${deployment.usher.publicUrl}/pusher/auth`;
  return keep(
    connectPusher(deployment.soketi, {
      channelAuthorization: { transport: 'ajax', endpoint, headers },
    }),
  );
}

const asGuest = ({ token }: Session) => ({ 'X-Guest-Session': token });
const asUser = (sub: string) => ({
  Authorization: `Bearer ${deployment.tokens.user({ sub, tenant_id: undefined })}`,
});

function request(method: string, path: string, headers: Readonly<Record<string, string>> = {}) {
  return fetch(`${deployment.usher.publicUrl}${path}`, { method, headers });
}

async function startSession(): Promise<Session> {
  return (await (await request('POST', '/api/guest-sessions')).json()) as Session;
}

const entered = { ok: true };
const refused = { ok: false, status: 403 };

it('a guest chats in a room, logs in, and keeps the chat', async () => {
  const session = await startSession();
  const room = { participants: ['16'], guest_session_id: session.guest_session_id };
  await deployment.put('/resources/rooms/1', room);

  const guest = page(asGuest(session));
  expect(await guest.subscribe('private-room-1')).toEqual(entered);
  const beforeLink = page(asUser('15'));
  expect(await beforeLink.subscribe('private-room-1')).toEqual(refused);

  const both = { ...asUser('15'), ...asGuest(session) };
  expect((await request('POST', '/api/guest-sessions/link', both)).status).toBe(200);

  const user = page(asUser('15'));
  expect(await user.subscribe('private-room-1')).toEqual(entered);
  const received = nextEvent(user.pusher.channel('private-room-1'), 'message');
  await deployment.publisher.trigger('private-room-1', 'message', { text: 'still here' });
  expect(await received).toEqual({ text: 'still here' });

  // The seller sees a linked guest as one member, in both tabs.
  const seller = page(asUser('16'));
  expect(await seller.subscribe('presence-room-1')).toMatchObject(entered);
  await user.subscribe('presence-room-1');
  const stillGuest = page(asGuest(session));
  expect(await stillGuest.subscribe('presence-room-1')).toEqual({
    ok: true,
    members: { '15': { id: '15' }, '16': { id: '16' } },
  });
});

it('a guest receives no message of other rooms, and none after the logout', async () => {
  const [session, other] = [await startSession(), await startSession()];
  const room = { participants: ['16'], guest_session_id: session.guest_session_id };
  await deployment.put('/resources/rooms/2', room);
  await deployment.put('/resources/rooms/3', { participants: ['15', '16'] });

  expect(await page(asGuest(other)).subscribe('private-room-2')).toEqual(refused);
  expect(await page(asGuest(session)).subscribe('private-room-3')).toEqual(refused);
  expect(await page(asGuest(session)).subscribe('private-room-2')).toEqual(entered);

  const ended = await request('DELETE', '/api/guest-sessions/current', asGuest(session));
  expect(ended.status).toBe(204);
  expect(await page(asGuest(session)).subscribe('private-room-2')).toEqual({
    ok: false,
    status: 401,
  });
});
