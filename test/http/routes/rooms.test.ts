import { describe, expect, it } from 'vitest';
import { useUsher, userToken } from '../../support/usher.ts';

interface Session {
  readonly guest_session_id: string;
  readonly token: string;
}

describe('a room whose guest logs in later', () => {
  const usher = useUsher();
  const bearer = (sub: string) => ({
    authorization: `Bearer ${userToken({ sub, tenant_id: undefined })}`,
  });
  const guest = ({ token }: Session) => ({ 'x-guest-session': token });

  const sendRequest = (path: string, init: RequestInit = {}) =>
    fetch(`${usher.public}${path}`, init);
  const startSession = async () =>
    (await (await sendRequest('/api/guest-sessions', { method: 'POST' })).json()) as Session;
  const enter = (room: string, headers: Record<string, string>, form = 'private') =>
    sendRequest('/broadcasting/auth', {
      method: 'POST',
      headers,
      body: new URLSearchParams({ socket_id: '1.1', channel_name: `${form}-room-${room}` }),
    });
  const link = (user: string, session: Session) =>
    sendRequest('/api/guest-sessions/link', {
      method: 'POST',
      headers: { ...bearer(user), ...guest(session) },
    });
  const logOut = (session: Session) =>
    sendRequest('/api/guest-sessions/current', { method: 'DELETE', headers: guest(session) });
  const putRoom = async (room: string, participants: readonly string[], session?: Session) => {
    const body = { participants, guest_session_id: session?.guest_session_id };
    const response = await fetch(`${usher.operator}/resources/rooms/${room}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  };
  const list = async (headers: Record<string, string>) => {
    const response = await sendRequest('/api/channels', { headers });
    return ((await response.json()) as { channels: readonly string[] }).channels;
  };

  it('grants only the guest who opened it', async () => {
    const [ada, other] = [await startSession(), await startSession()];
    await putRoom('a', ['16'], ada);
    await putRoom('users', ['15', '16']);

    expect((await enter('a', guest(ada))).status).toBe(200);
    expect((await enter('a', guest(ada), 'presence')).status).toBe(200);
    const refused = await enter('a', guest(other));
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ message: 'Access denied to this room' });
    expect((await enter('users', guest(ada))).status).toBe(403);
    expect((await enter('nowhere', guest(ada))).status).toBe(403);
    expect(await list(guest(ada))).toEqual(['private-room-a', 'presence-room-a']);
  });

  it('remains available to the guest after the login', async () => {
    const ada = await startSession();
    await putRoom('b', ['16'], ada);
    expect((await enter('b', bearer('15'))).status).toBe(403);

    const linked = await link('15', ada);
    expect(linked.status).toBe(200);
    expect(await linked.json()).toEqual({
      guest_session_id: ada.guest_session_id,
      user_id: '15',
    });
    expect((await enter('b', bearer('15'))).status).toBe(200);
    expect((await enter('b', guest(ada))).status).toBe(200);
    expect(await list(bearer('15'))).toContain('private-room-b');
    // Others see the same member id.
    const response = (await (await enter('b', guest(ada), 'presence')).json()) as {
      channel_data: string;
    };
    expect(JSON.parse(response.channel_data)).toEqual({ user_id: '15', user_info: { id: '15' } });
  });

  it('does not grant earlier rooms to a user who logs out and continues as a guest', async () => {
    const before = await startSession();
    await putRoom('c', ['16'], before);
    await link('15', before);
    expect((await logOut(before)).status).toBe(204);

    const after = await startSession();
    expect((await enter('c', guest(after))).status).toBe(403);
    expect((await enter('c', guest(before))).status).toBe(401);
    expect((await enter('c', bearer('15'))).status).toBe(200);
    expect(await list(guest(after))).toEqual([]);
  });

  it('is closed in both tabs of a guest session when one logs out', async () => {
    const shared = await startSession();
    await putRoom('d', [], shared);
    expect((await enter('d', guest(shared))).status).toBe(200);
    expect((await logOut(shared)).status).toBe(204);
    expect((await enter('d', guest(shared))).status).toBe(401);
    expect((await logOut(shared)).status).toBe(401);
    expect((await link('15', shared)).status).toBe(401);
  });

  it('links the rooms of a guest to one user', async () => {
    const ada = await startSession();
    await putRoom('e', ['16'], ada);
    expect((await link('15', ada)).status).toBe(200);
    expect((await link('15', ada)).status).toBe(200);
    expect((await link('17', ada)).status).toBe(403);
    expect((await enter('e', bearer('17'))).status).toBe(403);
  });

  it('revokes a session together with the user to whom it is linked', async () => {
    const ada = await startSession();
    await putRoom('r', ['16'], ada);
    await link('21', ada);
    expect((await enter('r', guest(ada))).status).toBe(200);
    const revoked = await fetch(`${usher.operator}/revocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        user_id: '21',
        issued_before: new Date(usher.clock.now + 1000).toISOString(),
      }),
    });
    expect(revoked.status).toBe(200);
    expect((await enter('r', guest(ada))).status).toBe(401);
  });

  it('grants an admin, and refuses two credentials in one request', async () => {
    const ada = await startSession();
    await putRoom('f', ['16'], ada);
    const admin = { authorization: `Bearer ${userToken({ tenant_id: undefined, role: 'admin' })}` };
    expect((await enter('f', admin)).status).toBe(200);
    expect((await enter('f', { ...admin, ...guest(ada) })).status).toBe(400);
  });

  it('accepts the token from the form as well, if it is the same', async () => {
    const ada = await startSession();
    await putRoom('g', [], ada);
    const post = (field: string, headers: Record<string, string> = {}) =>
      sendRequest('/broadcasting/auth', {
        method: 'POST',
        headers,
        body: new URLSearchParams({
          socket_id: '1.1',
          channel_name: 'private-room-g',
          guest_session: field,
        }),
      });
    expect((await post(ada.token)).status).toBe(200);
    expect((await post(ada.token, guest(ada))).status).toBe(200);
    expect((await post(`${ada.token}0`)).status).toBe(401);
    expect((await post((await startSession()).token, guest(ada))).status).toBe(400);
  });

  it('ends when its session expires', async () => {
    const ada = await startSession();
    await putRoom('h', [], ada);
    const before = usher.clock.now;
    usher.clock.now += 721 * 3_600_000;
    const late = await enter('h', guest(ada));
    usher.clock.now = before;
    expect(late.status).toBe(401);
  });
});
