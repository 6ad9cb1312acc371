import { describe, expect, it } from 'vitest';
import { useUsher, userToken } from '../../support/usher.ts';

interface Session {
  readonly guest_session_id: string;
  readonly token: string;
}

describe('rooms that belong to a tenant', () => {
  const usher = useUsher({
    PUSHER_APPS: JSON.stringify([
      { tenants: ['own'], app_id: '2', key: 'key-of-own', secret: 'secret-of-own' },
    ]),
  });

  const user = (sub: string, tenant?: string, role?: string) => ({
    authorization: `Bearer ${userToken({ sub, tenant_id: tenant, role })}`,
    ...(tenant !== undefined && { 'x-tenant-id': tenant }),
  });
  const guest = ({ token }: Session) => ({ 'x-guest-session': token });
  const sendRequest = (path: string, init: RequestInit = {}) =>
    fetch(`${usher.public}${path}`, init);
  const operate = (path: string, init: RequestInit = {}) =>
    fetch(`${usher.operator}/resources/rooms/${path}`, init);
  const startSession = async () =>
    (await (await sendRequest('/api/guest-sessions', { method: 'POST' })).json()) as Session;
  const link = (session: Session, headers: Record<string, string>) =>
    sendRequest('/api/guest-sessions/link', {
      method: 'POST',
      headers: { ...headers, ...guest(session) },
    });
  const put = async (room: string, body: object) => {
    const response = await operate(room, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ participants: [], ...body }),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  const enter = (room: string, headers: Record<string, string>) =>
    sendRequest('/broadcasting/auth', {
      method: 'POST',
      headers,
      body: new URLSearchParams({ socket_id: '1.1', channel_name: `presence-room-${room}` }),
    });
  const statusOf = async (room: string, headers: Record<string, string>) =>
    (await enter(room, headers)).status;
  const list = async (headers: Record<string, string>) => {
    const response = await sendRequest('/api/channels', { headers });
    return ((await response.json()) as { channels: readonly string[] }).channels;
  };

  it('grant an admin only the rooms of their own tenant', async () => {
    await put('of-1', { tenant_id: '1' });
    await put('of-none', {});
    expect(await statusOf('of-1', user('9', '1', 'admin'))).toBe(200);
    expect(await statusOf('of-1', user('9', '2', 'admin'))).toBe(403);
    expect(await statusOf('of-1', user('9', undefined, 'admin'))).toBe(403);
    expect(await statusOf('of-none', user('9', undefined, 'admin'))).toBe(200);
    expect(await statusOf('of-none', user('9', '1', 'admin'))).toBe(403);
  });

  it('distinguish user 15 of another tenant', async () => {
    await put('named', { tenant_id: '1', participants: ['15'] });
    expect(await statusOf('named', user('15', '1'))).toBe(200);
    expect(await statusOf('named', user('15', '2'))).toBe(403);
    expect(await statusOf('named', user('15'))).toBe(403);
    await put('named-in-none', { participants: ['15'] });
    expect(await statusOf('named-in-none', user('15', '1'))).toBe(200);
  });

  it('are refused to users of another tenant like rooms that do not exist', async () => {
    await put('hidden', { tenant_id: '1', participants: ['15'] });
    const admin = user('9', '2', 'admin');
    const [hidden, nowhere] = [await enter('hidden', admin), await enter('nowhere', admin)];
    const contentOf = async (response: Response) => {
      const { error, message } = (await response.json()) as { error: string; message: string };
      return [response.status, error, message];
    };
    expect(await contentOf(hidden)).toEqual(await contentOf(nowhere));
  });

  it('grant the guest who opened a room of a tenant, before and after the login there', async () => {
    const ada = await startSession();
    await put('opened', { tenant_id: '1', guest_session_id: ada.guest_session_id });
    expect(await statusOf('opened', guest(ada))).toBe(200);
    expect(await list(guest(ada))).toContain('presence-room-opened');
    expect(await statusOf('opened', user('15', '1'))).toBe(403);

    expect((await link(ada, user('15', '1'))).status).toBe(200);
    expect(await statusOf('opened', user('15', '1'))).toBe(200);
    expect(await statusOf('opened', user('15', '2'))).toBe(403);
    expect(await list(user('15', '1'))).toContain('presence-room-opened');
    expect(await list(user('15', '2'))).not.toContain('presence-room-opened');
  });

  it('do not grant the room of a guest in one tenant to a user of another, who links the session', async () => {
    const ada = await startSession();
    await put('elsewhere', { tenant_id: '1', guest_session_id: ada.guest_session_id });
    await put('of-user-21', { tenant_id: '1', participants: ['21'] });
    expect((await link(ada, user('21', '2'))).status).toBe(200);
    expect(await statusOf('elsewhere', user('21', '2'))).toBe(403);
    expect(await statusOf('elsewhere', user('21', '1'))).toBe(403);
    expect(await statusOf('of-user-21', guest(ada))).toBe(403);
    expect((await link(ada, user('21', '1'))).status).toBe(403);
  });

  it('are refused to a linked guest session after a revocation of its user or its tenant', async () => {
    for (const revoked of [{ user_id: '31', tenant_id: '1' }, { tenant_id: 'gone' }]) {
      const session = await startSession();
      await put('linked', { guest_session_id: session.guest_session_id });
      expect((await link(session, user('31', revoked.tenant_id))).status).toBe(200);
      expect(await statusOf('linked', guest(session))).toBe(200);
      const response = await fetch(`${usher.operator}/revocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...revoked,
          issued_before: new Date(usher.clock.now + 1).toISOString(),
        }),
      });
      expect(response.status).toBe(200);
      expect(await statusOf('linked', guest(session))).toBe(401);
    }
  });

  it('are signed with the Pusher app of their tenant, also for their guest', async () => {
    const ada = await startSession();
    await put('app', {
      tenant_id: 'own',
      participants: ['15'],
      guest_session_id: ada.guest_session_id,
    });
    for (const headers of [guest(ada), user('15', 'own')]) {
      const { auth } = (await (await enter('app', headers)).json()) as { auth: string };
      expect(auth).toMatch(/^key-of-own:/);
    }
  });

  it('are visible to the operator for all tenants, who can remove a tenant', async () => {
    const body = { tenant_id: '1', participants: ['15'] };
    expect(await put('kept', body)).toEqual(body);
    expect(await (await operate('kept')).json()).toEqual(body);
    expect(await put('kept', { participants: ['15'] })).toEqual({ participants: ['15'] });
    expect(await statusOf('kept', user('15', '2'))).toBe(200);
    await put('kept', body);
    expect((await operate('kept', { method: 'DELETE' })).status).toBe(204);
    expect((await operate('kept')).status).toBe(404);
    const empty = await operate('kept', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ participants: [], tenant_id: '' }),
    });
    expect(empty.status).toBe(400);
  });
});
