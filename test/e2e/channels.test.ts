import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSkipped } from '../support/skipped.ts';
import { openClient, tryClient, type TestSocket } from '../support/web-socket.ts';
import { startForPages, type Usher } from './support/usher.ts';
import { missingOf, startListening, type Listening } from './support/web-proxies.ts';
import { within } from './support/within.ts';

const python = '/usr/bin/python3';
const missing = missingOf({
  'daphne (Debian: daphne, python3-django-channels)': [python, '-c', 'import channels, daphne'],
  nginx: ['nginx', '-v'],
  haproxy: ['haproxy', '-v'],
});
if (missing.length > 0) {
  const what = `Django Channels behind nginx and HAProxy, for want of ${missing.join(', ')}`;
  reportSkipped('channels', what);
}

const siteDirectory = fileURLToPath(new URL('channels-site', import.meta.url));
const page = 'https://app.example';
const cookie = 'sessionid=of-a-clerk';

/** nginx and HAProxy with an idle timeout of two seconds; `/dropped` loses the headers of the upgrade, as by default. */
const nginx = (target: string) => (port: number, directory: string) => `
pid ${directory}/pid; error_log stderr; daemon off; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  server {
    listen 127.0.0.1:${port};
    location /dropped/ { proxy_pass ${target}/; }
    location / {
      proxy_pass ${target};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_read_timeout 2s;
    }
  }
}
`;
const haproxy = (target: string) => (port: number) => `
defaults
  mode http
  timeout connect 5s
  timeout client 2s
  timeout server 20s
  timeout tunnel 2s
frontend front
  bind 127.0.0.1:${port}
  option forwardfor
  http-request set-header X-Forwarded-Proto https
  default_backend usher
backend usher
  server one ${new URL(target).host}
`;

describe.skipIf(missing.length > 0)('a page of a Django Channels host', () => {
  const stops: (() => Promise<unknown>)[] = [];
  const proxies: Record<string, Listening> = {};
  let host: Server;
  let usher: Usher;

  beforeAll(async () => {
    const site = await startListening({
      command: (port) => [
        ...[python, '-B', '-m', 'daphne', '-b', '127.0.0.1', '-p', String(port)],
        ...['--root-path=', '--verbosity', '0', 'site_asgi:application'],
      ],
      cwd: siteDirectory,
    });
    stops.unshift(site.stop);
    host = createServer((request, response) => {
      const isKnown = request.headers.cookie === cookie;
      response.writeHead(isKnown ? 200 : 401).end('{"user_id":"15","is_staff":true}');
    }).listen(0, '127.0.0.1');
    await once(host, 'listening');
    stops.unshift(async () => {
      host.closeAllConnections();
      host.close();
      await once(host, 'close');
    });
    const introspection = `http://127.0.0.1:${(host.address() as AddressInfo).port}/`;
    usher = await startForPages(page, {
      TRUSTED_PROXIES: '127.0.0.1',
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: introspection,
      SESSION_WS_UPSTREAM: site.url.replace('http', 'ws'),
      WS_PING_INTERVAL: '500ms',
    });
    stops.unshift(() => usher.stop());
    const { publicUrl } = usher;
    proxies['nginx'] = await startListening({
      configuration: nginx(publicUrl),
      command: (_port, file) => ['nginx', '-e', 'stderr', '-c', file],
    });
    stops.unshift(proxies['nginx'].stop);
    proxies['HAProxy'] = await startListening({
      configuration: haproxy(publicUrl),
      command: (_port, file) => ['haproxy', '-db', '-f', file],
    });
    stops.unshift(proxies['HAProxy'].stop);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  const headers = { cookie, origin: page, host: 'app.example', 'user-agent': 'Browser/1.0' };
  const urlOf = (front: string) => proxies[front]?.url ?? '';
  const open = (front: string, protocols: readonly string[] = []) =>
    openClient(urlOf(front), '/ws/chat/', { headers, protocols });
  const nextMessage = (client: TestSocket) =>
    within(20_000, client.next(), () => 'No message came');

  describe.each(['nginx', 'HAProxy'])('behind %s', (front) => {
    it('connects with the subprotocol of its application, which gets the browser’s headers', async () => {
      const client = await open(front, ['v3.chat', 'v2.chat']);
      expect(client.socket.protocol).toBe('v2.chat');
      expect(JSON.parse((await nextMessage(client)).toString())).toEqual({
        offered: ['v3.chat', 'v2.chat'],
        headers: expect.objectContaining({
          ...headers,
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-host': 'app.example',
          'x-forwarded-proto': 'https',
          'x-usher-user-id': '15',
        }) as unknown,
      });
      client.socket.terminate();
    });

    it.each([
      ['denies', 'deny', 403],
      ['fails', 'crash', 500],
    ])('does not open if its application %s', async (_how, query, status) => {
      const response = await tryClient(urlOf(front), `/ws/chat/?${query}`, { headers });
      expect(response).toMatchObject({ status });
    });

    it('receives messages of its host that exceed the limit of clients, and its close code', async () => {
      const client = await open(front);
      await nextMessage(client);
      client.socket.send('x');
      expect((await nextMessage(client)).length).toBe(200_000);
      client.socket.send('close');
      expect((await within(20_000, client.closed, () => 'It did not end')).code).toBe(4321);
    });

    it('stays connected although the proxy closes connections after two idle seconds', async () => {
      const client = await open(front);
      // Ten pings take five seconds.
      for (let i = 0; i < 10; i += 1) {
        await within(20_000, once(client.socket, 'ping'), () => 'No ping came');
      }
      expect(client.socket.readyState).toBe(client.socket.OPEN);
      client.socket.terminate();
    });
  });

  it('gets 426 if a proxy removed the headers of the upgrade', async () => {
    const response = await tryClient(urlOf('nginx'), '/dropped/ws/chat/', { headers });
    expect(response).toMatchObject({
      status: 426,
      text: expect.stringContaining('proxy') as unknown,
    });
  });
});
