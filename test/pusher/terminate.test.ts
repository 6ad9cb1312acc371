import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { createTerminate } from '../../src/pusher/terminate.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { settings } from './settings.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** The beginning of a body that never ends. */
const endless = '{"ok"';

/** A Pusher server that responds to every request with this status; without one it never responds. */
async function startServer(status?: number, body = '{}') {
  const received: string[] = [];
  const server = createServer(({ method, url = '' }, response) => {
    received.push(`${method} ${url.split('?')[0]}`);
    if (status === undefined) return;
    response.writeHead(status).write(body);
    if (body !== endless) response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const where = { host: '127.0.0.1', port, tls: false };
  const retiring = { key: 'old-key', secret: new Secret('old-secret') };
  const apps = createPusherApps(settings({ ...where, retiring }), [
    { tenants: ['2'], app: settings({ ...where, appId: '2', key: 'two-key' }) },
  ]);
  return { received, terminate: createTerminate(apps) };
}

it.each([
  ['app-key', '15', 'POST /apps/1/users/15/terminate_connections'],
  ['old-key', '15', 'POST /apps/1/users/15/terminate_connections'],
  ['two-key', '15', 'POST /apps/2/users/15/terminate_connections'],
  ['app-key', 'a_B-=@,.;9', 'POST /apps/1/users/a_B-=@,.;9/terminate_connections'],
])(
  'sends a request to the server of the app %s to terminate %s',
  async (appKey, userId, request) => {
    const { received, terminate } = await startServer(200);
    await terminate({ appKey, userId });
    expect(received).toEqual([request]);
  },
);

it.each(['', '.', '..', '../../other', 'a/b', 'a b', 'ä', '%2e%2e', 'a?b', 'x'.repeat(129)])(
  'sends no request for the user %j, which would change the path',
  async (userId) => {
    const { received, terminate } = await startServer(200);
    await expect(terminate({ appKey: 'app-key', userId })).rejects.toThrow(Unavailable);
    expect(received).toEqual([]);
  },
);

it('is unavailable if soketi refuses, which it does with status 200', async () => {
  const body = '{"error":"The secret authentication failed","code":401}';
  const { terminate } = await startServer(200, body);
  const outcome = terminate({ appKey: 'app-key', userId: '15' });
  await expect(outcome).rejects.toMatchObject({ cause: new Error('status 401') });
});

it('is unavailable if the server never completes its response', async () => {
  const { terminate } = await startServer(200, endless);
  await expect(terminate({ appKey: 'app-key', userId: '15' })).rejects.toThrow(Unavailable);
});

it('reports an error response without an end as no response', async () => {
  const { terminate } = await startServer(500, endless);
  const outcome = terminate({ appKey: 'app-key', userId: '15' });
  await expect(outcome).rejects.toMatchObject({ cause: new Error('no response') });
});

it('sends no request for an app that is not configured', async () => {
  const { received, terminate } = await startServer(200);
  await expect(terminate({ appKey: 'gone', userId: '15' })).rejects.toThrow(Unavailable);
  expect(received).toEqual([]);
});

it.each([400, 401, 404, 500, undefined])(
  'is unavailable if the server responds with %s, and the error contains no secret',
  async (status) => {
    const { terminate } = await startServer(status);
    const fault = await terminate({ appKey: 'app-key', userId: '15' }).catch((e: unknown) => e);
    expect(fault).toBeInstanceOf(Unavailable);
    const { message, cause } = fault as Unavailable;
    expect(message).toBe('Pusher server is unavailable');
    expect((cause as Error).message).toBe(
      status === undefined ? 'no response' : `status ${status}`,
    );
    expect((cause as Error).cause).toBe(undefined);
  },
);
