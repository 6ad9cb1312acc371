import { createHmac } from 'node:crypto';

import type { Options } from 'pusher-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { toUserId } from '../../src/policy/member.ts';
import { requestJson } from './support/requests.ts';
import { connectPusher, disconnectAfterEach, type PusherClient } from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import { within } from './support/within.ts';

let deployment: Deployment;
const keep = disconnectAfterEach();

beforeAll(async () => {
  deployment = await startDeployment();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

function connect(options: Partial<Options>): PusherClient {
  return keep(connectPusher(deployment.soketi, options));
}

/** Resolves when the server has closed the connection. */
const closed = ({ pusher }: PusherClient) => {
  const ended = new Promise<void>((resolve) => {
    pusher.connection.bind('disconnected', resolve);
  });
  return within(15_000, ended, () => `Still ${pusher.connection.state}`);
};

const roomId = 'presence-room-ids';

describe('a user with an id of the application', () => {
  const page = (sub: string): PusherClient => {
    const { publicUrl } = deployment.usher;
    const token = deployment.tokens.user({ sub, tenant_id: undefined });
    const headers = { Authorization: `Bearer ${token}` };
    return connect({
      channelAuthorization: { transport: 'ajax', endpoint: `${publicUrl}/pusher/auth`, headers },
      userAuthentication: { transport: 'ajax', endpoint: `${publicUrl}/pusher/user-auth`, headers },
    });
  };

  it.each([
    ...['15', 'a_B-=@,.;9', 'auth0|5f7c8ec7', 'a+b@c', 'user:15', 'Ada Lovelace', 'José', '用户'],
    ...['..', 'a/b', 'a?b#c', '%7C', '=;auth0=7C5f7c8ec7', 'x'.repeat(255), 'é'.repeat(255)],
  ])('subscribes, signs in, and is terminated: %s', async (sub) => {
    const userId = toUserId(sub, 1024)!;
    await deployment.put('/resources/rooms/ids', { participants: [sub, 'bystander'] });
    const [user, bystander] = [page(sub), page('bystander')];
    await user.socketId();
    expect(await user.signIn()).toEqual({ ok: true, user: { id: userId } });
    expect(await bystander.signIn()).toEqual({ ok: true, user: { id: 'bystander' } });
    expect(await user.subscribe(roomId)).toEqual({ ok: true, members: { [userId]: { id: sub } } });

    const ended = closed(user);
    const { status, text } = await requestJson(
      'POST',
      `${deployment.usher.operatorUrl}/revocations`,
      {
        user_id: sub,
      },
    );
    expect([status, text]).toEqual([
      200,
      expect.stringContaining('{"effect":"pusher-connections-ended","server":"soketi","users":1}'),
    ]);
    await ended;
    expect(bystander.pusher.connection.state).toBe('connected');
  });
});

/** The behaviour of soketi in `docs/user-ids.md`, without mapping of the id. */
describe('soketi without Usher', () => {
  const sign = (text: string) => {
    const { key, secret } = deployment.soketi;
    return `${key}:${createHmac('sha256', secret).update(text).digest('hex')}`;
  };

  /** A page whose application signs the unmapped id. */
  const unmapped = (id: string): PusherClient =>
    connect({
      userAuthentication: {
        customHandler: ({ socketId }, respondWith) => {
          const user_data = JSON.stringify({ id });
          const auth = sign(`${socketId}::user::${user_data}`);
          queueMicrotask(() => {
            respondWith(null, { auth, user_data });
          });
        },
      },
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, respondWith) => {
          const channel_data = JSON.stringify({ user_id: id });
          const auth = sign(`${socketId}:${channelName}:${channel_data}`);
          queueMicrotask(() => {
            respondWith(null, { auth, channel_data });
          });
        },
      },
    });

  const awkward = ['auth0|15', 'a+b@c', 'user:15', 'Ada Lovelace', 'José', 'a/b', '..', 'a?b'];

  it.each(awkward)('accepts %s on presence channels and as a user', async (id) => {
    const client = unmapped(id);
    await client.socketId();
    expect(await client.signIn()).toEqual({ ok: true, user: { id } });
    expect(await client.subscribe('presence-alone')).toMatchObject({ ok: true });
  });

  it.each(['auth0|15', 'Ada Lovelace', 'José', 'a/b', 'a?b'])(
    'does not terminate %s, whose path it does not decode',
    async (id) => {
      const [user, witness] = [unmapped(id), unmapped('witness')];
      await Promise.all([user.socketId(), witness.socketId()]);
      expect([await user.signIn(), await witness.signIn()]).toMatchObject([
        { ok: true },
        { ok: true },
      ]);
      await deployment.publisher.terminateUserConnections(encodeURIComponent(id));
      const ended = closed(witness);
      await deployment.publisher.terminateUserConnections('witness');
      await ended;
      expect(user.pusher.connection.state).toBe('connected');
    },
  );
});
