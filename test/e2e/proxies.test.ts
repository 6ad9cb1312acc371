import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSkipped } from '../support/skipped.ts';
import { startUpstream, wrapSocket, tryClient, type TestUpstream } from '../support/web-socket.ts';
import { get } from './support/requests.ts';
import {
  configurationOf,
  documentedProxies,
  makeCertificate,
} from './support/documented-proxies.ts';
import { startForPages, type Usher } from './support/usher.ts';
import { missingOf, startListening } from './support/web-proxies.ts';
import { within } from './support/within.ts';

const missing = missingOf({
  ...Object.fromEntries(documentedProxies.map(({ name, version }) => [name, version])),
  openssl: ['openssl', 'version'],
});
if (missing.length > 0) {
  const what = `the proxies of docs/proxies.md, for want of ${missing.join(', ')}`;
  reportSkipped('proxies', what);
}

const page = 'https://app.example';
const cookie = 'sessionid=of-a-clerk';
const asClerk = { cookie, origin: page };
/** The address of a load balancer or CDN in front of the proxy. */
const outer = '127.0.0.4';
const operatorPaths = [
  '/livez',
  '/readyz',
  '/metrics',
  '/docs',
  '/resources/orders/1',
  '/decisions/1',
];

describe.skipIf(missing.length > 0)('pages behind a documented proxy', () => {
  const stops: (() => Promise<unknown>)[] = [];
  const ports: Record<string, number> = {};
  let usher: Usher;
  let upstream: TestUpstream;

  const serve = async (listener: RequestListener) => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.unshift(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-e2e-'));
    stops.unshift(() => rm(directory, { recursive: true }));
    const certificate = join(directory, 'app.example.pem');
    makeCertificate(certificate);
    const application = await serve(({ url }, response) => {
      response.end(`application: ${url ?? ''}`);
    });
    const host = await serve(({ headers }, response) => {
      response
        .writeHead(headers.cookie === cookie ? 200 : 401)
        .end('{"user_id":"15","is_staff":true}');
    });
    upstream = await startUpstream();
    stops.unshift(upstream.stop);
    usher = await startForPages(page, {
      TRUSTED_PROXIES: `127.0.0.1,${outer}`,
      RATE_LIMIT_FAILURES: '3',
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: `http://${host}/`,
      SESSION_WS_UPSTREAM: upstream.url,
      WS_PING_INTERVAL: '1s',
    });
    stops.unshift(() => usher.stop());
    for (const proxy of documentedProxies) {
      for (const isBehindAnother of [undefined, outer]) {
        const { url, stop } = await startListening({
          configuration: (port, own) => {
            const usherAt = new URL(usher.publicUrl).host;
            const places = { port, usher: usherAt, application, certificate, directory: own };
            return configurationOf(proxy, places, { ...(isBehindAnother && { isBehindAnother }) });
          },
          command: (_port, file) => proxy.command(file),
        });
        stops.unshift(stop);
        ports[proxy.name + (isBehindAnother ?? '')] = Number(new URL(url).port);
      }
    }
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  /** A visitor's browser with its own address. */
  const visitor = (port: number | undefined, address: string, forwardedFor?: string) => {
    const tls = { localAddress: address, servername: 'app.example', rejectUnauthorized: false };
    const base = { host: 'app.example', 'x-forwarded-host': 'forged.example' };
    const own = { ...base, ...(forwardedFor && { 'x-forwarded-for': forwardedFor }) };
    const sendRequest = async (path: string, headers = {}, form?: string) => {
      const type =
        form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
      const sent = request({
        ...tls,
        host: '127.0.0.1',
        port,
        path,
        timeout: 20_000,
        method: form === undefined ? 'GET' : 'POST',
        headers: { ...own, ...type, ...headers },
      });
      sent.end(form);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      const id = response.headers['x-decision-id'];
      return { status: response.statusCode, id: String(id), text: await text(response) };
    };
    const authorize = (endpoint: string, headers = {}) =>
      sendRequest(endpoint, headers, 'socket_id=1.2&channel_name=private-chat-box');
    const open = async (headers: object) => {
      const settings = { ...tls, headers: { ...own, ...headers } };
      const client = await tryClient(`https://127.0.0.1:${port}`, '/ws/chat/', settings);
      if ('status' in client) throw new Error(`Refused with ${client.status}: ${client.text}`);
      const server = await within(20_000, upstream.next(), () => 'The host saw no WebSocket');
      return { client, server };
    };
    return { sendRequest, authorize, open };
  };
  const addressOf = async (id: string) => {
    const { text: body } = await get(`${usher.operatorUrl}/decisions/${id}`);
    return (JSON.parse(body) as { origin: { address: string } }).origin.address;
  };

  describe.each(documentedProxies.map(({ name }, i) => [name, `127.0.${i + 1}`]))(
    '%s',
    (name, network) => {
      it.each(['/broadcasting/auth', '/pusher/auth'])('are authorized at %s', async (endpoint) => {
        const response = await visitor(ports[name], `${network}.1`).authorize(endpoint, asClerk);
        expect(response).toMatchObject({
          status: 200,
          text: expect.stringContaining('key:') as unknown,
        });
      });

      it('have separate limits: refusals of one visitor do not block others', async () => {
        const [noisy, other] = [2, 3].map((last) => visitor(ports[name], `${network}.${last}`));
        const statuses: unknown[] = [];
        while (!statuses.includes(429) && statuses.length < 20) {
          statuses.push((await noisy!.authorize('/broadcasting/auth')).status);
        }
        expect(statuses.slice(0, 3)).toEqual([401, 401, 401]);
        expect(statuses.at(-1)).toBe(429);
        expect((await other!.authorize('/broadcasting/auth')).status).toBe(401);
      });

      it('cannot choose their address', async () => {
        const forging = visitor(ports[name], `${network}.4`, '203.0.113.9, 127.0.0.1');
        const { status, id } = await forging.authorize('/broadcasting/auth');
        expect(status).toBe(401);
        expect(await addressOf(id)).toBe(`${network}.4`);
      });

      it('open WebSockets, and the upstream server gets their address, host and scheme', async () => {
        const { client, server } = await visitor(ports[name], `${network}.5`).open(asClerk);
        expect(server.headers).toMatchObject({
          host: 'app.example',
          'x-forwarded-for': `${network}.5`,
          'x-forwarded-host': 'app.example',
          'x-forwarded-proto': 'https',
        });
        client.socket.send('hello');
        expect(await within(20_000, server.next(), () => 'No message came')).toBe('hello');
        client.socket.terminate();
      });

      it('reach the application at every other path, and no route of the operator', async () => {
        const { sendRequest } = visitor(ports[name], `${network}.6`);
        for (const path of operatorPaths) {
          expect(await sendRequest(path)).toMatchObject({
            status: 200,
            text: `application: ${path}`,
          });
          expect((await sendRequest(`/pusher${path}`)).status).toBe(404);
        }
      });

      it('have their own addresses behind another proxy too, and cannot choose them', async () => {
        const port = ports[name + outer];
        const viaOuter = visitor(port, outer, `203.0.113.9, ${network}.7`);
        expect(await addressOf((await viaOuter.authorize('/broadcasting/auth')).id)).toBe(
          `${network}.7`,
        );
        const past = visitor(port, `${network}.8`, '203.0.113.9');
        expect(await addressOf((await past.authorize('/broadcasting/auth')).id)).toBe(
          `${network}.8`,
        );
      });
    },
  );

  it('keep an idle WebSocket, because pings are sent before the proxy’s timeout', async () => {
    const { length } = await Promise.all(
      documentedProxies.map(async ({ name }) => {
        const { client } = await visitor(ports[name], '127.0.9.1').open(asClerk);
        const { socket } = wrapSocket(client.socket);
        // The proxies cut after four seconds.
        for (let i = 0; i < 7; i += 1) {
          await within(20_000, once(socket, 'ping'), () => `No ping came through ${name}`);
        }
        expect(socket.readyState).toBe(socket.OPEN);
        socket.terminate();
      }),
    );
    expect(length).toBe(4);
  });
});
