import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { requestChannels } from '../../src/pusher/http-api.ts';
import type { PusherApp } from '../../src/pusher/pusher-app.ts';
import { createTerminate } from '../../src/pusher/terminate.ts';
import { settings } from './settings.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The behaviour of a server: the path whose signature it verifies, and the status of a route. */
interface Behaviour {
  readonly signedPath?: (path: string) => string;
  readonly statusOf?: (path: string) => number;
}

/** An HTTP API that verifies signatures according to the documentation of Pusher. */
async function startServer({ signedPath = (path) => path, statusOf }: Behaviour) {
  const requests: string[] = [];
  const server = createServer(({ method = '', url = '' }, response) => {
    const [path = '', query = ''] = url.split('?');
    requests.push(path);
    const [, params = '', signature] = /^(.*)&auth_signature=(\w+)$/.exec(query) ?? [];
    const text = [method, signedPath(path), params].join('\n');
    const expected = createHmac('sha256', 'app-secret').update(text).digest('hex');
    response.writeHead(signature === expected ? (statusOf?.(path) ?? 200) : 401).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { requests, where: { host: '127.0.0.1', port, tls: false } };
}

const end = (app: Partial<PusherApp>, userId = '15') =>
  createTerminate(createPusherApps(settings(app)))({ appKey: 'app-key', userId });

const withoutPath = (path: string) => path.replace(/^\/realtime/, '');

describe('a server behind a path', () => {
  it.each(['pusher', 'reverb', 'sockudo'] as const)(
    'gets requests for %s there, signed without the path',
    async (dialect) => {
      const { requests, where } = await startServer({ signedPath: withoutPath });
      const app = { ...where, path: '/realtime', dialect };
      expect(await requestChannels(settings(app))).toMatchObject({ status: 200 });
      await end(app);
      const last = dialect === 'sockudo' ? 'force_reconnect' : 'terminate_connections';
      expect(requests).toEqual(['/realtime/apps/1/channels', `/realtime/apps/1/users/15/${last}`]);
    },
  );

  it('gets one request as soketi, whose own path is part of the signature', async () => {
    const { requests, where } = await startServer({});
    const app = { ...where, path: '/realtime', dialect: 'soketi' } as const;
    expect(await requestChannels(settings(app))).toMatchObject({ status: 200 });
    await end(app);
    expect(requests).toEqual([
      '/realtime/apps/1/channels',
      '/realtime/apps/1/users/15/terminate_connections',
    ]);
  });

  it('gets a second request as soketi if a proxy removed the path', async () => {
    const { requests, where } = await startServer({ signedPath: withoutPath });
    await end({ ...where, path: '/realtime', dialect: 'soketi' });
    const path = '/realtime/apps/1/users/15/terminate_connections';
    expect(requests).toEqual([path, path]);
  });

  it.each([401, 404, 500])(
    'as soketi responds %i: only a refused signature is retried',
    async (status) => {
      const { requests, where } = await startServer({ statusOf: () => status });
      const app = { ...where, path: '/realtime', dialect: 'soketi' } as const;
      expect(await requestChannels(settings(app))).toMatchObject({ status });
      await expect(end(app)).rejects.toMatchObject({ cause: new Error(`status ${status}`) });
      expect(requests.length).toBe(status === 401 ? 4 : 2);
    },
  );
});

describe('Sockudo', () => {
  const forced = '/apps/1/users/15/force_reconnect';
  const terminated = '/apps/1/users/15/terminate_connections';

  it.each([
    ['has force_reconnect', 200, [forced]],
    ['of an older version uses terminate', 404, [forced, terminated]],
  ])('%s', async (_case, status, expected) => {
    const { requests, where } = await startServer({
      statusOf: (path) => (path === forced ? status : 200),
    });
    await end({ ...where, dialect: 'sockudo' });
    expect(requests).toEqual(expected);
  });

  it.each([401, 500])('gets no further request after the status %i', async (status) => {
    const { requests, where } = await startServer({ statusOf: () => status });
    const outcome = end({ ...where, dialect: 'sockudo' });
    await expect(outcome).rejects.toMatchObject({ cause: new Error(`status ${status}`) });
    expect(requests).toEqual([forced]);
  });
});
