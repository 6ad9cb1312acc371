import { describe, expect, it } from 'vitest';
import { useUsher } from '../../support/usher.ts';
import { speak } from '../raw-socket.ts';
import { send, userRequest } from '../requests.ts';

const fact = '/resources/hotels/grand-hotel/bookings/BK-2025-ABC123';
const status = (answer: string) => answer.slice(0, answer.indexOf('\r\n'));

/** Reads the demo's booking over a raw connection, with these header lines. */
const read = async (address: string, ...lines: readonly string[]): Promise<string> =>
  status(
    await speak(
      address,
      [`GET ${fact} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'),
    ),
  );

const ok = 'HTTP/1.1 200 OK';
const forbidden = 'HTTP/1.1 403 Forbidden';
const unauthorized = 'HTTP/1.1 401 Unauthorized';

/** Host headers of a page that rebound its own name to our address. */
const otherHosts = [
  'evil.example',
  'localhost.evil.example',
  'evil.example:3001',
  '127.0.0.1.evil.example',
  'usher@evil.example',
  '0.0.0.0',
  '[::2]',
  '128.0.0.1',
];

describe('the operator’s port without a token', () => {
  const usher = useUsher();

  it.each([
    'localhost',
    'localhost:3001',
    '127.0.0.1',
    '127.0.0.1:3001',
    '[::1]:3001',
    '127.1.2.3',
  ])('accepts the loopback name %s', async (host) => {
    expect(await read(usher.operator, `Host: ${host}`)).toBe(ok);
  });

  it.each(otherHosts)('refuses the name %s', async (host) => {
    expect(await read(usher.operator, `Host: ${host}`)).toBe(forbidden);
  });

  it('refuses a stranger’s name for a route that does not exist as well', async () => {
    const text = 'GET /nowhere HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect(status(await speak(usher.operator, text))).toBe(forbidden);
  });

  it.each(['/livez', '/readyz'])('tells anybody %s', async (path) => {
    const text = `GET ${path} HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n`;
    expect(status(await speak(usher.operator, text))).toBe(ok);
  });
});

describe('the operator’s port behind a trusted proxy', () => {
  const usher = useUsher({ TRUSTED_PROXIES: '127.0.0.0/8' });

  it('goes by the name that was asked, which a page cannot choose, not by a header that it can', async () => {
    for (const forwarded of ['X-Forwarded-Host: localhost', 'Forwarded: host=localhost']) {
      expect(await read(usher.operator, 'Host: evil.example', forwarded)).toBe(forbidden);
    }
  });
});

describe('the operator’s port with a token', () => {
  const token = 'operators-token-of-tests';
  const usher = useUsher({ OPS_TOKEN: token });

  it('answers who shows it, by any name', async () => {
    expect(
      await read(usher.operator, 'Host: usher.internal', `Authorization: Bearer ${token}`),
    ).toBe(ok);
  });

  it.each([
    '',
    'Authorization: ',
    'Authorization: Bearer',
    `Authorization: ${token}`,
    `Authorization: Basic ${token}`,
    `Authorization: Bearer ${token}x`,
    `Authorization: Bearer ${token.slice(0, -1)}`,
    `Authorization: Bearer ${token.toUpperCase()}`,
    `Cookie: token=${token}`,
    `X-Ops-Token: ${token}`,
  ])('refuses %j, even on loopback', async (line) => {
    const lines = ['Host: localhost', ...(line === '' ? [] : [line])];
    expect(await read(usher.operator, ...lines)).toBe(unauthorized);
  });

  it('refuses otherHosts before it says which routes there are', async () => {
    const answer = await send(usher.operator, { method: 'GET', path: '/nowhere' });
    expect([answer.status, answer.body]).toStrictEqual([
      401,
      {
        error: 'Unauthorized',
        message: 'The operator’s token is required',
        request_id: answer.headers.get('x-request-id'),
      },
    ]);
  });

  it('answers probes without it', async () => {
    const live = await send(usher.operator, { method: 'GET', path: '/livez' });
    expect([live.status, live.body]).toStrictEqual([200, { status: 'live' }]);
    const ready = await send(usher.operator, { method: 'GET', path: '/readyz' });
    expect([ready.status, ready.body]).toStrictEqual([200, { status: 'ready' }]);
    expect((await send(usher.operator, { method: 'HEAD', path: '/livez' })).status).toBe(200);
  });
});

describe('the two ports', () => {
  const usher = useUsher();

  it.each(['/livez', '/readyz', '/metrics', fact])('the public one has no %s', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await send(usher.public, { method, path })).status).toBe(404);
    }
  });

  it.each(['/broadcasting/auth', '/pusher/auth', '/pusher/user-auth'])(
    'the operator’s one has no %s',
    async (path) => {
      expect((await send(usher.operator, userRequest({ path }))).status).toBe(404);
    },
  );
});
