import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/database/embedded/embedded-postgres.ts';
import { hmacToken, testSecret } from '../support/tokens.ts';
import { requestJson } from './support/requests.ts';
import { connectPusher, type PusherClient } from './support/clients.ts';
import { pointedAt, startSoketi, type Soketi } from './support/soketi.ts';
import { startUsher, type Usher } from './support/usher.ts';
import { within } from './support/within.ts';

let soketi: Soketi;
let proxy: Server;
/** Shared by all replicas. */
let database: EmbeddedPostgres;
let home: string;
/** The paths of requests to soketi's HTTP API. */
const requests: string[] = [];
const open: PusherClient[] = [];
const running: Usher[] = [];

beforeAll(async () => {
  soketi = await startSoketi({ userAuthentication: true });
  home = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
  // As root, the embedded database runs as another user, which needs access to its parent directory.
  await chmod(home, 0o755);
  const log = { info: () => undefined, error: () => undefined };
  database = await startEmbeddedPostgres({ dataDir: join(home, 'data'), log });
  proxy = createServer((incoming, reply) => {
    const { method, url: path = '', headers } = incoming;
    requests.push(path.split('?')[0] ?? '');
    const forwarded = httpRequest({ host: '127.0.0.1', port: soketi.port, method, path, headers });
    forwarded.on('response', (response) => {
      reply.writeHead(response.statusCode ?? 502);
      response.pipe(reply);
    });
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const client of open.splice(0)) client.disconnect();
  await Promise.all(running.splice(0).map((usher) => usher.stop()));
  requests.length = 0;
});

afterAll(async () => {
  proxy.close();
  await soketi.stop();
  await database.stop();
  await rm(home, { recursive: true, force: true });
});

const startReplica = async (): Promise<Usher> => {
  const usher = await startUsher({
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    GUEST_TOKEN_SECRET: 'guests-9Rw4mT2bVx7Kq1Zd8Yc5-usher-tests',
    USER_TOKEN_SECRET: testSecret.reveal(),
    DATABASE_URL: database.url.reveal(),
    ...pointedAt(soketi),
    PUSHER_PORT: String((proxy.address() as AddressInfo).port),
  });
  running.push(usher);
  return usher;
};

/** A token of tenant 1 that expires after some seconds. */
const tokenOf = (sub: string, seconds = 600) => {
  const now = Math.floor(Date.now() / 1000);
  return hmacToken(
    { sub, tenant_id: '1', iat: now - 1, exp: now + seconds },
    {},
    testSecret.reveal(),
  );
};

/** A page of a signed-in user, and the time between an event and the end of its connection. */
async function signIn(usher: Usher, sub: string, seconds?: number) {
  const headers = { Authorization: `Bearer ${tokenOf(sub, seconds)}`, 'X-Tenant-ID': '1' };
  const client = connectPusher(soketi, {
    userAuthentication: {
      transport: 'ajax',
      endpoint: `${usher.publicUrl}/broadcasting/user-auth`,
      headers,
    },
  });
  open.push(client);
  const socketId = await client.socketId();
  expect(await client.signIn()).toMatchObject({ ok: true, user: { id: sub } });
  const closed = new Promise<number>((resolve) => {
    client.pusher.connection.bind('state_change', ({ previous }: { previous: string }) => {
      if (previous === 'connected') resolve(Date.now());
    });
  });
  const gone = () => within(20_000, closed, () => 'The connection was not closed');
  return { socketId, gone, isOpen: () => client.pusher.connection.state === 'connected' };
}

const revoke = (usher: Usher, body: object) =>
  requestJson('POST', `${usher.operatorUrl}/revocations`, body);

const terminations = (sub: string) =>
  requests.filter((path) => path.endsWith(`/users/${sub}/terminate_connections`)).length;

describe('a connection at a real Pusher server', () => {
  it('is closed within a second of the revocation of its user; other connections stay open', async () => {
    const [one, other] = [await startReplica(), await startReplica()];
    const page = await signIn(one, 'leaver');
    const bystander = await signIn(one, 'stayer');
    const started = Date.now();
    const { status, text } = await revoke(other, { user_id: 'leaver', tenant_id: '1' });
    expect(status).toBe(200);
    expect((JSON.parse(text) as { effects: unknown[] }).effects).toEqual([
      { effect: 'new-authorizations-refused' },
      { effect: 'tickets-refused' },
      { effect: 'websockets-closed', connections: 0 },
      { effect: 'pusher-connections-ended', server: 'soketi', users: 1 },
      { effect: 'pusher-connections-stay', server: 'soketi', which: 'not signed in' },
    ]);
    const took = (await page.gone()) - started;
    console.log(`revoked, and closed at soketi after ${took} ms`);
    expect(took).toBeLessThan(1_000);
    expect(bystander.isOpen()).toBe(true);
  });

  it('is closed when its credential expires, by one of two replicas', async () => {
    await Promise.all([startReplica(), startReplica()]);
    const page = await signIn(running[0]!, 'expiring', 3);
    await page.gone();
    // The connection was new when it was terminated, so it is terminated once more later; both replicas have polled several times
    // by now.
    expect(terminations('expiring')).toBe(1);
  });

  it('stays open if its user sent a later credential on the same connection', async () => {
    const usher = await startReplica();
    const page = await signIn(usher, 'refreshing', 3);
    const response = await fetch(`${usher.publicUrl}/broadcasting/auth`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${tokenOf('refreshing')}`, 'X-Tenant-ID': '1' },
      body: new URLSearchParams({
        socket_id: page.socketId,
        channel_name: 'private-tenant.1.user.refreshing',
      }),
    });
    expect(response.status).toBe(200);
    const witness = await signIn(usher, 'witness', 5);
    await witness.gone();
    expect([page.isOpen(), terminations('refreshing')]).toEqual([true, 0]);
  });

  it('is closed when its credential expires, even if Usher was restarted meanwhile', async () => {
    const before = await startReplica();
    const page = await signIn(before, 'restarted', 4);
    await running.pop()!.stop('SIGKILL');
    await startReplica();
    await page.gone();
  });
});
