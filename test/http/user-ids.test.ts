import { afterEach, describe, expect, it } from 'vitest';
import { toUserId } from '../../src/policy/member.ts';
import { usePusherServers } from '../support/pusher-server.ts';
import { startUsher, useUsher, userToken, type TestUsher } from '../support/usher.ts';
import { send, signature, signInRequest, socketId, userRequest } from './requests.ts';

type Running = Omit<TestUsher, 'stop'>;

const room = 'presence-room-r1';
const bearer = (sub: string) => ({ headers: { authorization: `Bearer ${userToken({ sub })}` } });

/** Makes every user a member of the room. */
const openRoom = (usher: Running, participants: readonly string[]) =>
  send(usher.operator, {
    method: 'PUT',
    path: '/resources/rooms/r1',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ participants }),
  });

const enter = (usher: Running, sub: string) =>
  send(usher.public, userRequest({ fields: { channel_name: room }, ...bearer(sub) }));

const signIn = (usher: Running, sub: string) => send(usher.public, signInRequest(bearer(sub)));

const ids: readonly [string, string][] = [
  ['15', '15'],
  ['auth0|5f7c8ec7', '=;auth0=7C5f7c8ec7'],
  ['=;auth0=7C5f7c8ec7', '=;=3D=3Bauth0=3D7C5f7c8ec7'],
  ['a+b@c', '=;a=2Bb=40c'],
  ['user:15', '=;user=3A15'],
  ['Ada Lovelace', '=;Ada=20Lovelace'],
  ['José', '=;Jos=C3=A9'],
  ['..', '=;..'],
  ['{"id":"1"}', '=;=7B=22id=22=3A=221=22=7D'],
  ['1'.repeat(129), toUserId('1'.repeat(129), 128)!],
  ['é'.repeat(255), toUserId('é'.repeat(255), 128)!],
];

describe('an id of the application, at Pusher', () => {
  const usher = useUsher();

  it.each(ids)('%s is the member %s and the same signed-in user', async (sub, userId) => {
    expect((await openRoom(usher, [sub])).status).toBe(200);
    const entered = await enter(usher, sub);
    // The policy's public attributes of a member keep the id of the application.
    const channel_data = JSON.stringify({ user_id: userId, user_info: { id: sub } });
    expect([entered.status, entered.body]).toMatchObject([
      200,
      { auth: signature(socketId, room, channel_data), channel_data },
    ]);
    const signed = await signIn(usher, sub);
    const user_data = JSON.stringify({ id: userId });
    expect([signed.status, signed.body]).toStrictEqual([
      200,
      { auth: signature(socketId, '', 'user', '', user_data), user_data },
    ]);
  });

  it('is recorded together with the id that the server uses', async () => {
    const note = 'user id at the Pusher server is =;user=3A15';
    for (const response of [await signIn(usher, 'user:15'), await signIn(usher, '15')]) {
      const id = response.headers.get('x-decision-id') ?? '';
      const { body } = await send(usher.operator, { method: 'GET', path: `/decisions/${id}` });
      const { principal, checks } = body as {
        principal: { id: string };
        checks: readonly { name: string; passed: boolean }[];
      };
      const noted = checks.filter(({ name }) => name.startsWith('user id at the Pusher server'));
      expect(noted).toEqual(principal.id === '15' ? [] : [{ name: note, passed: true }]);
    }
  });
});

describe('a revoked user whose id the server does not accept', () => {
  const startServer = usePusherServers();
  let usher: TestUsher | undefined;
  afterEach(() => usher?.stop());

  const revoke = (running: Running, user_id: string) =>
    send(running.operator, {
      path: '/revocations',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user_id, issued_before: new Date(running.clock.now + 1) }),
    });

  it.each(['soketi', 'reverb', 'pusher'])(
    'is terminated at %s by the id that it has there',
    async (server) => {
      const { requests, port } = await startServer(200);
      usher = await startUsher({
        PUSHER_SERVER: server,
        PUSHER_HOST: '127.0.0.1',
        PUSHER_PORT: String(port),
        PUSHER_TLS: 'false',
      });
      const long = 'x'.repeat(200);
      const subs = ['auth0|1', 'Ada Lovelace', '..', long];
      await openRoom(usher, subs);
      for (const sub of subs) {
        const response = server === 'reverb' ? await enter(usher, sub) : await signIn(usher, sub);
        expect(response.status).toBe(200);
      }
      for (const sub of subs) {
        const { effects } = (await revoke(usher, sub)).body as { effects: readonly object[] };
        expect(effects).toContainEqual({ effect: 'pusher-connections-ended', server, users: 1 });
      }
      const atServer = server === 'pusher' ? toUserId(long, 128) : long;
      expect(requests).toEqual(['=;auth0=7C1', '=;Ada=20Lovelace', '=;..', atServer]);
    },
  );
});
