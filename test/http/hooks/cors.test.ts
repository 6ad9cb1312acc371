import { describe, expect, it } from 'vitest';
import { allowedOrigin, useUsher } from '../../support/usher.ts';
import { send, asJson, guestRequest, userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

const preflight = (origin: string, headers = 'authorization,x-tenant-id'): TestRequest => ({
  method: 'OPTIONS',
  path: '/broadcasting/auth',
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': headers,
  },
});
const from = (origin: string, request: TestRequest): TestRequest => ({
  ...request,
  headers: { ...request.headers, origin },
});

describe('a page’s preflight', () => {
  const usher = useUsher();

  it('from an allowed origin allows the credential and the tenant', async () => {
    const { status, headers } = await send(usher.public, preflight(allowedOrigin));
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    expect(headers.get('access-control-allow-headers')).toBe('authorization,x-tenant-id');
    expect(headers.get('vary')).toMatch(/origin/i);
  });

  it('is cacheable, so that a browser sends one for many requests', async () => {
    const { headers } = await send(usher.public, {
      ...preflight(allowedOrigin, 'authorization,content-type,x-tenant-id'),
      path: '/pusher/auth/batch',
    });
    expect(headers.get('access-control-max-age')).toBe('600');
  });

  it('allows the headers of Echo, axios and pusher-js, and credentials', async () => {
    const sent = [
      ...['authorization', 'content-type', 'x-csrf-token', 'x-guest-session', 'x-requested-with'],
      ...['x-socket-id', 'x-tenant-id', 'x-xsrf-token', 'traceparent'],
    ].join(',');
    const { status, headers } = await send(usher.public, preflight(allowedOrigin, sent));
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toBe(sent);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
  });

  it.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'https://APP.example',
    'null',
  ])('from %s is refused', async (origin) => {
    const { headers } = await send(usher.public, preflight(origin));
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is refused on the operator’s port', async () => {
    const response = await send(usher.operator, preflight(allowedOrigin));
    expect(response.status).toBe(403);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a response to a page', () => {
  const usher = useUsher();
  const large = asJson(userRequest(), JSON.stringify({ x: 'a'.repeat(25_000) }));
  const text = { ...userRequest(), headers: { 'content-type': 'text/plain' }, body: 'x' };

  it.each<[number, TestRequest]>([
    [200, userRequest()],
    [400, userRequest({ fields: { socket_id: undefined } })],
    [401, userRequest({ headers: { authorization: undefined } })],
    [403, userRequest({ headers: { 'x-tenant-id': '2' } })],
    [404, userRequest({ path: '/nowhere' })],
    [413, large],
    [415, text],
    [200, guestRequest()],
    [400, guestRequest({ fields: { token: undefined } })],
    [403, guestRequest({ fields: { token: 'x' } })],
  ])('with %i is readable by the allowed origin and by no other', async (status, request) => {
    const good = await send(usher.public, from(allowedOrigin, request));
    expect([good.status, good.headers.get('access-control-allow-origin')]).toStrictEqual([
      status,
      allowedOrigin,
    ]);
    const exposed = good.headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(['X-Request-Id', 'X-Decision-Id', 'Retry-After']);
    // Otherwise a page with `withCredentials: true` gets status 0 for every response.
    expect(good.headers.get('access-control-allow-credentials')).toBe('true');
    const other = await send(usher.public, from('https://evil.example', request));
    expect([other.status, other.headers.get('access-control-allow-origin')]).toStrictEqual([
      status,
      null,
    ]);
    expect(other.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('with any origin allowed', () => {
  const usher = useUsher({ ALLOWED_ORIGINS: '*' });

  it('lets every page read the response, and allows no cookies', async () => {
    const { headers } = await send(usher.public, from('https://any.example', userRequest()));
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('with the origins of apps, and of the subdomains of tenants', () => {
  const usher = useUsher({
    ALLOWED_ORIGINS:
      'capacitor://localhost,chrome-extension://abcdefghijklmnop,https://*.tenants.example,https://App.example:443',
  });
  const allowed = async (origin: string) => {
    const request = userRequest({ headers: { origin } });
    const responses = [
      await send(usher.public, preflight(origin)),
      await send(usher.public, request),
      await send(usher.public, { ...request, path: '/%zz' }),
    ];
    return responses.map(({ headers }) => [
      headers.get('access-control-allow-origin'),
      headers.get('access-control-allow-credentials'),
    ]);
  };

  it.each([
    ['capacitor://localhost', 'true'],
    ['chrome-extension://abcdefghijklmnop', 'true'],
    ['https://app.example', 'true'],
    // Pages of other authors may be behind it.
    ['https://a.tenants.example', null],
  ])('%s may send requests', async (origin, credentials) => {
    expect(await allowed(origin)).toEqual(Array(3).fill([origin, credentials]));
  });

  it.each([
    'capacitor://localhost:80',
    'ionic://localhost',
    'https://tenants.example',
    'https://.tenants.example',
    'https://a.b.tenants.example',
    'https://a.tenants.example:8443',
    'http://a.tenants.example',
    'https://a.tenants.example.evil.example',
    'https://evil.example/.tenants.example',
    'https://evil.example?.tenants.example',
    'https://evil@a.tenants.example',
    'https://*.tenants.example',
    'https://a.TENANTS.example',
    '*',
  ])('%s may not', async (origin) => {
    expect(await allowed(origin)).toEqual(Array(3).fill([null, null]));
  });
});
