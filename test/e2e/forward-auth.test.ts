import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSkipped } from '../support/skipped.ts';
import { startUpstream, tryClient, type TestUpstream } from '../support/web-socket.ts';
import { get } from './support/requests.ts';
import {
  documentedProxies,
  firstBlock,
  makeCertificate,
  runnable,
} from './support/documented-proxies.ts';
import { startForPages, type Usher } from './support/usher.ts';
import { missingOf, startListening } from './support/web-proxies.ts';
import { within } from './support/within.ts';

const page = 'forward-auth.md';
const proxies = documentedProxies.filter(({ name }) =>
  ['nginx', 'Caddy', 'HAProxy'].includes(name),
);
const missing = missingOf({
  ...Object.fromEntries(proxies.map(({ name, version }) => [name, version])),
  openssl: ['openssl', 'version'],
});
if (missing.length > 0) {
  reportSkipped('proxies', `the proxies of docs/${page}, for want of ${missing.join(', ')}`);
}

const origin = 'https://app.example';
const visitors: Readonly<Record<string, object>> = {
  'sessionid=staff': { user_id: '7', is_staff: true },
  'sessionid=umlaut': { user_id: 'Jörg, 1', is_staff: true },
  'sessionid=owner': { user_id: '15' },
};
const as = (who: string) => ({ cookie: `sessionid=${who}`, origin });

describe.skipIf(missing.length > 0)('a documented proxy with forward authentication', () => {
  const stops: (() => Promise<unknown>)[] = [];
  const ports: Record<string, string> = {};
  let usher: Usher;
  let upstream: TestUpstream;
  /** The application's response to introspection; none by default. */
  let applicationResponses = true;

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
    stops.unshift(() => rm(directory, { recursive: true }));
    const certificate = join(directory, 'app.example.pem');
    makeCertificate(certificate);
    const host = createServer(({ headers }, response) => {
      const visitor = visitors[headers.cookie ?? ''];
      response
        .writeHead(applicationResponses ? (visitor === undefined ? 401 : 200) : 500)
        .end(JSON.stringify(visitor ?? {}));
    }).listen(0, '127.0.0.1');
    await once(host, 'listening');
    stops.unshift(async () => {
      host.closeAllConnections();
      host.close();
      await once(host, 'close');
    });
    upstream = await startUpstream();
    stops.unshift(upstream.stop);
    usher = await startForPages(origin, {
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMIT_FAILURES: '30',
      // Otherwise attempts of one address are delayed.
      RATE_LIMIT_CONNECTIONS: '1000',
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: `http://127.0.0.1:${(host.address() as AddressInfo).port}/`,
    });
    stops.unshift(() => usher.stop());
    const script = join(directory, 'usher.lua');
    await writeFile(script, firstBlock(page, 'lua'));
    for (const proxy of proxies) {
      const block = firstBlock(page, proxy.language).replaceAll('/etc/haproxy/usher.lua', script);
      const { url, stop } = await startListening({
        configuration: (port, own) =>
          runnable(proxy, block, {
            port,
            certificate,
            directory: own,
            usher: new URL(usher.publicUrl).host,
            application: new URL(upstream.url).host,
          }),
        command: (_port, file) => proxy.command(file),
      });
      stops.unshift(stop);
      ports[proxy.name] = new URL(url).port;
    }
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  describe.each(proxies.map(({ name }, i) => [name, `127.0.${i + 20}`]))('%s', (name, network) => {
    const connect = (path: string, headers: object, last = 1) =>
      tryClient(`https://127.0.0.1:${ports[name] ?? ''}`, path, {
        servername: 'app.example',
        rejectUnauthorized: false,
        localAddress: `${network}.${last}`,
        headers: { host: 'app.example', ...headers },
      });
    const statusOf = async (path: string, headers: object, last = 1) => {
      const client = await connect(path, headers, last);
      if ('status' in client) return client.status;
      // The server behind has it as well.
      await within(20_000, upstream.next(), () => 'The server behind saw no WebSocket');
      client.socket.terminate();
      return 101;
    };
    const open = async (path: string, headers: object) => {
      const client = await connect(path, headers);
      if ('status' in client) throw new Error(`Refused with ${client.status}: ${client.text}`);
      const server = await within(20_000, upstream.next(), () => 'No WebSocket behind');
      return { client, server };
    };

    it('connects allowed users, and passes their identity to the upstream server', async () => {
      const { client, server } = await open('/ws/chat/?theme=dark', as('staff'));
      expect(server.path).toBe('/ws/chat/?theme=dark');
      expect(server.headers).toMatchObject({
        'x-usher-user': '7',
        'x-usher-kind': 'visitor',
        'x-usher-roles': 'staff',
      });
      expect(server.headers['x-usher-tenant-id'] ?? '').toBe('');
      client.socket.send('hello');
      expect(await within(20_000, server.next(), () => 'No message came')).toBe('hello');
      server.socket.send('welcome');
      expect(await within(20_000, client.next(), () => 'No message came')).toBe('welcome');
      client.socket.terminate();
      const id = String(server.headers['x-usher-decision-id']);
      const { text } = await get(`${usher.operatorUrl}/decisions/${id}`);
      expect(JSON.parse(text)).toMatchObject({
        outcome: 'grant',
        channel: 'private-chat-box',
        principal: { kind: 'visitor', id: '7' },
        origin: { address: `${network}.1` },
      });
    });

    it('refuses other users before the upstream server gets the request', async () => {
      const before = upstream.count();
      expect(await statusOf('/ws/chat/', as('owner'))).toBe(403);
      expect(await statusOf('/ws/chat/', as('nobody'))).toBe(401);
      expect(await statusOf('/ws/chat/', {})).toBe(401);
      expect(await statusOf('/ws/chat/', { ...as('staff'), origin: 'https://evil.example' })).toBe(
        403,
      );
      expect(await statusOf('/ws/unknown/', as('staff'))).toBe(403);
      expect(await statusOf('/ws/chat%2F..%2Funknown/', as('staff'))).toBe(403);
      expect(upstream.count()).toBe(before);
    });

    it('does not let a client choose an identity or a path', async () => {
      const forged = {
        'x-usher-user': '1',
        'x-usher-kind': 'user',
        'x-usher-tenant-id': '2',
        'x-usher-roles': 'superuser',
        'x-usher-decision-id': 'none',
      };
      const { client, server } = await open('/ws/chat/', { ...as('staff'), ...forged });
      expect(server.headers).toMatchObject({
        'x-usher-user': '7',
        'x-usher-kind': 'visitor',
        'x-usher-roles': 'staff',
      });
      expect(server.headers['x-usher-tenant-id'] ?? '').toBe('');
      expect(server.headers['x-usher-decision-id']).toMatch(/^[0-9a-f-]{36}$/);
      client.socket.terminate();
      for (const header of ['x-original-uri', 'x-original-url', 'x-forwarded-uri']) {
        const path = { [header]: '/ws/chat/' };
        expect(await statusOf('/ws/payment-socket/O-1/', { ...as('staff'), ...path })).toBe(403);
        const other = { [header]: '/ws/unknown/' };
        expect(await statusOf('/ws/chat/', { ...as('staff'), ...other })).toBe(101);
      }
      const query = '?channel=private-chat-box';
      expect(await statusOf(`/ws/payment-socket/O-1/${query}`, as('staff'))).toBe(403);
      expect(await statusOf(`/ws/unknown/${query}`, as('owner'))).toBe(403);
      expect(await statusOf(`/ws/unknown/${query}`, as('staff'))).toBe(403);
      expect(await statusOf('/ws/chat/?channel=1&channel=2', as('staff'))).toBe(101);
      expect(await statusOf('/ws/chat/?channel=of-the-application', as('staff'))).toBe(101);
    });

    it('grants no other spelling of a path that the upstream server might accept', async () => {
      const before = upstream.count();
      for (const path of [
        '//ws/chat/',
        '/ws//chat/',
        '//app.example/ws/chat/',
        '/%77s/chat/',
        '/WS/chat/',
        '/ws%2Fchat/',
        '/ws%5Cchat/',
        '/other/..%2Fws/chat/',
      ]) {
        const forged = { ...as('owner'), 'x-usher-user': '7', 'x-usher-roles': 'superuser' };
        expect([path, await statusOf(path, forged)]).not.toEqual([path, 101]);
      }
      expect(upstream.count()).toBe(before);
    });

    it('forwards an id that no header can contain', async () => {
      const { client, server } = await open('/ws/chat/', as('umlaut'));
      expect(decodeURIComponent(String(server.headers['x-usher-user']))).toBe('Jörg, 1');
      client.socket.terminate();
    });

    it('responds 429 over the limit, and only to that address', async () => {
      const statuses: unknown[] = [];
      while (!statuses.includes(429) && statuses.length < 60) {
        statuses.push(await statusOf('/ws/chat/', as('owner'), 2));
      }
      expect(new Set(statuses)).toEqual(new Set([403, 429]));
      const client = await connect('/ws/chat/', as('owner'), 2);
      expect(client).toMatchObject({ status: 429 });
      expect(await statusOf('/ws/chat/', as('owner'), 3)).toBe(403);
    });

    it('responds 503 if a dependency is unavailable, and recovers', async () => {
      applicationResponses = false;
      try {
        expect(await statusOf('/ws/chat/', as(`unseen-${name}`), 4)).toBe(503);
      } finally {
        applicationResponses = true;
      }
      expect(await statusOf('/ws/chat/', as('staff'), 4)).toBe(101);
    });
  });
});
