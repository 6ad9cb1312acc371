import { describe, expect, it } from 'vitest';
import { allowedOrigin, useUsher } from '../support/usher.ts';
import { speak } from './raw-socket.ts';
import { send, guestRequest, userRequest } from './requests.ts';

const headers = { origin: allowedOrigin };

describe('paths and methods', () => {
  const usher = useUsher();

  it.each([
    ['GET', '/'],
    ['POST', '/'],
    ['POST', '/broadcasting'],
    ['POST', '/Broadcasting/Auth'],
    ['POST', '/broadcasting/auth/more'],
    ['POST', '/broadcasting%2Fauth'],
    ['POST', '/api/tenants/pusher/auth'],
    ['POST', '/api/guest/hotel/grand-hotel/staff/chat/pusher/auth'],
    ['POST', '/constructor'],
    ['POST', '/__proto__'],
  ])('%s %s is not a route', async (method, path) => {
    const request = method === 'POST' ? userRequest({ path, headers }) : { method, path, headers };
    const response = await send(usher.public, request);
    const request_id = response.headers.get('x-request-id');
    expect(response.status).toBe(404);
    if (method !== 'HEAD') {
      expect(response.body).toStrictEqual({
        error: 'Not Found',
        message: 'There is no such route',
        request_id,
      });
    }
    expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
  });

  it.each([
    ['GET', '/pusher/auth', 'POST'],
    ['GET', '/broadcasting/auth/', 'POST'],
    ['GET', '/api/tenants/1/pusher/auth', 'POST'],
    ['GET', '/pusher/webhooks', 'POST'],
    ['GET', '/api/guest-sessions', 'POST'],
    ['HEAD', '/broadcasting/auth', 'POST'],
    ['PUT', '/broadcasting/auth', 'POST'],
    ['DELETE', '/pusher/user-auth', 'POST'],
    ['PATCH', '/api/guest-sessions/current', 'DELETE'],
    ['POST', '/api/channels', 'GET, HEAD'],
    ['POST', '/ws', 'GET, HEAD'],
    ['PROPFIND', '/broadcasting/auth', 'POST'],
    ['QUERY', '/api/channels', 'GET, HEAD'],
  ])('%s %s gets 405 with the methods of the route', async (method, path, allow) => {
    const response = await send(usher.public, { method, path, headers });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    if (method === 'HEAD') return;
    expect(response.body).toStrictEqual({
      error: 'Method Not Allowed',
      message: `This route accepts ${allow}, not ${method}`,
      request_id: response.headers.get('x-request-id'),
    });
  });

  it('a GET of the hotel chat or of tickets gets the error format of the route', async () => {
    const chat = '/api/guest/hotel/grand-hotel/chat/pusher/auth?token=x';
    const hotel = await send(usher.public, { method: 'GET', path: chat });
    const message = 'This route accepts POST, not GET';
    expect([hotel.status, hotel.body]).toEqual([405, { error: 'Method Not Allowed', message }]);
    const ticket = await send(usher.public, { method: 'GET', path: '/api/websocket/ticket' });
    expect([ticket.status, ticket.body]).toEqual([405, { success: false, error: message }]);
  });

  it('the operator’s port responds with 405 too, and only to the operator', async () => {
    const path = '/revocations';
    const response = await send(usher.operator, { method: 'GET', path });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    const page = { origin: 'https://evil.example' };
    expect((await send(usher.operator, { method: 'GET', path, headers: page })).status).toBe(403);
  });

  it.each([
    '/%zz',
    '/broadcasting/auth%',
    '/api/guest/hotel/%E0%A4%A/chat/pusher/auth',
    '/api/tenants/%C0%AF/pusher/auth',
    '/ws/payment-socket/%/',
  ])('%s is malformed', async (path) => {
    const response = await send(usher.public, guestRequest({ path, headers }));
    const request_id = response.headers.get('x-request-id');
    const isHotel = path.includes('hotel');
    expect([response.status, response.body]).toStrictEqual([
      400,
      {
        error: 'Bad Request',
        message: 'The path is malformed',
        ...(!isHotel && { request_id }),
      },
    ]);
  });

  it.each([
    ['hotel', (text: string) => `/api/guest/hotel/${text}/chat/pusher/auth`],
    ['tenantId', (text: string) => `/api/tenants/${text}/pusher/auth`],
  ])('a %s that is too long gets an error with that reason', async (name, pathOf) => {
    const responseTo = async (text: string) => {
      const response = await send(usher.public, guestRequest({ path: pathOf(text), headers }));
      expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
      return [response.status, (response.body as { readonly message: string }).message];
    };
    const tooLong = [400, `The ${name} in the path is too long`];
    expect(await responseTo('1'.repeat(256))).toEqual(tooLong);
    expect(await responseTo('1'.repeat(10_000))).toEqual(tooLong);
    // The limit applies to the decoded length.
    expect(await responseTo('%31'.repeat(256))).toEqual(tooLong);
    expect(await responseTo('%31'.repeat(255))).not.toEqual(tooLong);
  });

  it('a path that is not a route gets 404 at any length', async () => {
    const response = await send(usher.public, userRequest({ path: `/${'a'.repeat(10_000)}` }));
    expect(response.status).toBe(404);
  });

  it('the operator’s port reports malformed paths too, and only to the operator', async () => {
    const path = (id: string) => `/resources/orders/${id}`;
    const requestFor = async (id: string, more = {}) => {
      const response = await send(usher.operator, { method: 'GET', path: path(id), headers: more });
      return [response.status, (response.body as { readonly message: string }).message];
    };
    expect(await requestFor('%zz')).toEqual([400, 'The path is malformed']);
    expect(await requestFor('1'.repeat(256))).toEqual([400, 'The orderId in the path is too long']);
    const page = { origin: 'https://evil.example' };
    expect(await requestFor('%zz', page)).toEqual([403, 'Use localhost']);
  });

  it.each([
    ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a request that is not HTTP', 'hello\r\n\r\n'],
    [
      'two lengths',
      'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    ],
    [
      'a length and chunks',
      'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['an invalid length', 'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
    [
      'a header with a line break',
      'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nX-Tenant-ID: 1\n 2\r\n\r\n',
    ],
    ['a header with NUL', 'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nX-Tenant-ID: 1\0\r\n\r\n'],
    ['no Host header', 'POST /pusher/auth HTTP/1.1\r\nConnection: close\r\n\r\n'],
    [
      'bad chunks',
      'POST /pusher/auth HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
  ])('%s gets 400, and the connection is closed', async (_case, text) => {
    expect(await speak(usher.public, text)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('headers without end get 431, and the connection is closed', async () => {
    const text = `POST /pusher/auth HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(70_000)}\r\n\r\n`;
    expect(await speak(usher.public, text)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('the server still responds afterwards', async () => {
    expect((await send(usher.public, userRequest())).status).toBe(200);
  });
});
