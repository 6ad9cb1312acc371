import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { useUsher } from '../../support/usher.ts';
import { speak } from '../raw-socket.ts';
import { send, userRequest } from '../requests.ts';

const fact = '/resources/hotels/grand-hotel/bookings/BK-2025-ABC123';
const status = (response: string) => response.slice(0, response.indexOf('\r\n'));

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
const otherApplications = [
  'evil.example',
  'localhost.evil.example',
  'evil.example:3001',
  '127.0.0.1.evil.example',
  'usher@evil.example',
  '0.0.0.0',
  '[::2]',
  '128.0.0.1',
];

const isAddress = (host: string) => isIP(host.replaceAll(/[[\]]/g, '')) !== 0;

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

  it.each(otherApplications)('refuses the name %s', async (host) => {
    expect(await read(usher.operator, `Host: ${host}`)).toBe(forbidden);
  });

  it('also refuses another host name for a route that does not exist', async () => {
    const text = 'GET /nowhere HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect(status(await speak(usher.operator, text))).toBe(forbidden);
  });

  it.each(['/livez', '/readyz'])('serves %s to every client', async (path) => {
    const text = `GET ${path} HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n`;
    expect(status(await speak(usher.operator, text))).toBe(ok);
  });
});

describe('the operator’s port behind a trusted proxy', () => {
  const usher = useUsher({ TRUSTED_PROXIES: '127.0.0.0/8' });

  it('checks the requested host, which a page cannot choose, not a header that it can set', async () => {
    for (const forwarded of ['X-Forwarded-Host: localhost', 'Forwarded: host=localhost']) {
      expect(await read(usher.operator, 'Host: evil.example', forwarded)).toBe(forbidden);
    }
  });
});

describe('the operator’s port with a token', () => {
  const token = 'operators-token-of-tests';
  const usher = useUsher({ OPS_TOKEN: token, OPS_HOSTS: 'usher,Usher.monitoring.svc' });
  const authorized = `Authorization: Bearer ${token}`;

  it.each([
    ...['localhost', '127.0.0.1:3001', '10.0.0.7:3001', '[::1]', '[fd00::7]:3001', '0.0.0.0'],
    ...['usher', 'usher:3001', 'USHER:3001', 'usher.monitoring.svc:3001'],
  ])('accepts a request with the token and the host %s', async (host) => {
    expect(await read(usher.operator, `Host: ${host}`, authorized)).toBe(ok);
    expect(await read(usher.operator, `Host: ${host}`)).toBe(unauthorized);
  });

  it.each([
    ...otherApplications.filter((host) => !isAddress(host)),
    ...['usher.evil.example', 'monitoring.svc', 'usher.', 'usher:3001:1', '[usher]'],
    ...['', '[::1', '::1', '10.0.0.7.evil.example', '10.0.0', '2130706433', '0x7f.1', 'a, usher'],
  ])('refuses a request for the host %j, with the token or without it', async (host) => {
    for (const lines of [[authorized], []]) {
      expect(await read(usher.operator, `Host: ${host}`, ...lines)).toBe(forbidden);
    }
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

  it('refuses two hosts, and a request without a host', async () => {
    expect(await read(usher.operator, 'Host: usher', 'Host: usher', authorized)).not.toBe(ok);
    const old = `GET ${fact} HTTP/1.0\r\n${authorized}\r\n\r\n`;
    expect(status(await speak(usher.operator, old))).toBe(forbidden);
  });

  it('names the setting that lists the hosts', async () => {
    const text = `GET ${fact} HTTP/1.1\r\nHost: usher.example\r\nConnection: close\r\n\r\n`;
    expect(await speak(usher.operator, text)).toContain('list the name in OPS_HOSTS');
  });

  it.each(['/', '/operator/operator.js'])(
    'serves %s without it, but not under another host',
    async (path) => {
      const get = (host: string) =>
        speak(usher.operator, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(status(await get('usher:3001'))).toBe(ok);
      expect(status(await get('evil.example'))).toBe(forbidden);
    },
  );

  it.each([
    'Origin: https://evil.example',
    'Origin: null',
    'Origin: http://usher:3002',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
  ])('refuses a page with %s on every route', async (line) => {
    for (const path of [
      '/livez',
      '/readyz',
      '/',
      '/operator/operator.js',
      '/metrics',
      '/nowhere',
    ]) {
      const lines = ['Host: usher:3001', line, authorized, 'Connection: close'];
      const response = await speak(
        usher.operator,
        [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'),
      );
      expect([path, status(response)]).toEqual([path, forbidden]);
      expect(response.toLowerCase()).not.toContain('access-control-');
    }
  });

  describe('a link on another site', () => {
    const follow = async (path: string, ...lines: readonly string[]) => {
      const head = [`GET ${path} HTTP/1.1`, ...lines, 'Connection: close', '', ''];
      return speak(usher.operator, head.join('\r\n'));
    };
    const link = [
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Mode: navigate',
      'Sec-Fetch-Dest: document',
    ];

    it('opens the page, and gives the site no reference to it', async () => {
      const response = await follow('/', 'Host: usher:3001', ...link);
      expect(status(response)).toBe(ok);
      expect(response.toLowerCase()).toContain('cross-origin-opener-policy: same-origin');
      expect(response).toContain("frame-ancestors 'none'");
      expect(response.toLowerCase()).not.toContain('access-control-');
    });

    it.each(['/decisions', '/metrics', '/docs', '/policy', '/operator/operator.js', '/livez'])(
      'does not open %s, which is not a page without data',
      async (path) => {
        expect(status(await follow(path, 'Host: usher:3001', authorized, ...link))).toBe(forbidden);
      },
    );

    it.each([
      ['under another host', ['Host: evil.example', ...link]],
      ['in a frame', ['Host: usher:3001', ...link.slice(0, 2), 'Sec-Fetch-Dest: iframe']],
      ['by a script', ['Host: usher:3001', ...link.slice(0, 1), 'Sec-Fetch-Mode: no-cors']],
      ['with an origin', ['Host: usher:3001', ...link, 'Origin: https://evil.example']],
    ])('does not open it %s', async (_how, lines) => {
      expect(status(await follow('/', ...lines))).toBe(forbidden);
    });
  });

  it.each([
    ['Sec-Fetch-Site: same-origin', 'Origin: http://usher:3001'],
    ['Sec-Fetch-Site: none'],
    // Of a proxy that terminates TLS.
    ['Origin: https://usher:3001'],
  ])('accepts its own page: %s', async (...lines) => {
    expect(await read(usher.operator, 'Host: usher:3001', authorized, ...lines)).toBe(ok);
  });

  it('refuses other hosts before it reveals which routes exist', async () => {
    const response = await send(usher.operator, { method: 'GET', path: '/nowhere' });
    expect([response.status, response.body]).toStrictEqual([
      401,
      {
        error: 'Unauthorized',
        message: 'The operator’s token is required',
        request_id: response.headers.get('x-request-id'),
      },
    ]);
  });

  it('responds to probes without a token', async () => {
    const live = await send(usher.operator, { method: 'GET', path: '/livez' });
    expect([live.status, live.body]).toStrictEqual([200, { status: 'live' }]);
    const ready = await send(usher.operator, { method: 'GET', path: '/readyz' });
    expect([ready.status, ready.body]).toStrictEqual([200, { status: 'ready' }]);
    expect((await send(usher.operator, { method: 'HEAD', path: '/livez' })).status).toBe(200);
  });
});

describe('the two ports', () => {
  const usher = useUsher();

  it.each(['/livez', '/readyz', '/metrics', fact])('the public port has no %s', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await send(usher.public, { method, path })).status).toBe(404);
    }
  });

  it.each(['/broadcasting/auth', '/pusher/auth', '/pusher/user-auth'])(
    'the operator’s port has no %s',
    async (path) => {
      expect((await send(usher.operator, userRequest({ path }))).status).toBe(404);
    },
  );
});
