import { describe, expect, it } from 'vitest';
import { useUsher, userToken } from '../../support/usher.ts';
import { send, asJson, signature, socketId, signInRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('user authentication', () => {
  const usher = useUsher();

  it.each<[string, TestRequest]>([
    ['/broadcasting/user-auth', signInRequest()],
    ['/api/broadcasting/user-auth', signInRequest({ path: '/api/broadcasting/user-auth' })],
    ['/pusher/user-auth', signInRequest({ path: '/pusher/user-auth' })],
    ['a trailing slash', signInRequest({ path: '/pusher/user-auth/' })],
    ['JSON', asJson(signInRequest())],
  ])('signs at %s', async (_case, request) => {
    const data = '{"id":"15"}';
    const response = await send(usher.public, request);
    expect([response.status, response.body]).toStrictEqual([
      200,
      { auth: signature(socketId, '', 'user', '', data), user_data: data },
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('returns the user of the token, whatever the body contains', async () => {
    const data = '{"id":"15","user_info":{"name":"Ada"}}';
    const request = signInRequest({
      fields: { user_data: '{"id":"1"}', id: '1', user_id: '1' },
      ...bearer(userToken({ name: 'Ada' })),
    });
    expect((await send(usher.public, request)).body).toStrictEqual({
      auth: signature(socketId, '', 'user', '', data),
      user_data: data,
    });
  });

  it('signs in a user of a host without tenants', async () => {
    const request = signInRequest({
      headers: {
        authorization: `Bearer ${userToken({ tenant_id: null })}`,
        'x-tenant-id': undefined,
      },
    });
    expect((await send(usher.public, request)).status).toBe(200);
  });

  it.each<[string, TestRequest, number]>([
    ['no socket', signInRequest({ fields: { socket_id: undefined } }), 400],
  ])('refuses %s', async (_case, request, status) => {
    const response = await send(usher.public, request);
    expect(response.status).toBe(status);
    expect(response.text).not.toContain('"auth"');
  });
});
