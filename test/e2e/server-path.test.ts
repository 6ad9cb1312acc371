import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { probeServer } from '../../src/cli/doctor/probe-server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { hmacToken, testSecret } from '../support/tokens.ts';
import { requestJson } from './support/requests.ts';
import { connectPusher } from './support/clients.ts';
import { pointedAt, startSoketi, type Soketi, type SoketiOptions } from './support/soketi.ts';
import { startUsher } from './support/usher.ts';
import { within } from './support/within.ts';

const path = '/realtime';
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: SoketiOptions = {}): Promise<Soketi> {
  const soketi = await startSoketi({ userAuthentication: true, ...options });
  ends.push(() => soketi.stop());
  return soketi;
}

/** A proxy that has the server at a path, and removes that path from requests. */
async function startProxy(port: number): Promise<number> {
  const behind = (url = '') => url.replace(/^\/realtime/, '');
  const proxy: Server = createServer(({ method, url, headers }, reply) => {
    if (!url?.startsWith(`${path}/`)) reply.writeHead(404).end();
    const onward = httpRequest({ port, method, headers, path: behind(url) }, (response) => {
      reply.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(reply);
    });
    onward.end(method === 'POST' ? '{}' : undefined);
  });
  proxy.on('upgrade', ({ method, url, rawHeaders }, client) => {
    const pairs = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1] ?? ''}`] : [],
    );
    const server = connect(port, '127.0.0.1');
    server.write(`${method} ${behind(url)} HTTP/1.1\r\n${pairs.join('\r\n')}\r\n\r\n`);
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return (proxy.address() as AddressInfo).port;
}

/** The addresses of the server for Usher and for the page. */
const servers: Readonly<Record<string, () => Promise<{ soketi: Soketi; port: number }>>> = {
  'with a path of its own': async () => {
    const soketi = await start({ pathPrefix: path });
    return { soketi, port: soketi.port };
  },
  'behind a proxy that removes the path': async () => {
    const soketi = await start();
    return { soketi, port: await startProxy(soketi.port) };
  },
};

describe.each(Object.entries(servers))('soketi %s', (_case, startServer) => {
  it('is found by the doctor, and terminates the connections of a revoked user', async () => {
    const { soketi, port } = await startServer();
    const env = {
      NODE_ENV: 'test',
      USER_TOKEN_SECRET: testSecret.reveal(),
      ...pointedAt(soketi),
      PUSHER_PORT: String(port),
      PUSHER_PATH: path,
    };
    expect(await probeServer(loadConfig(env).pusher, undefined)).toMatchObject({
      rest: { status: 200 },
      plain: 'accepted',
      withData: 'refused',
    });

    const usher = await startUsher(env);
    ends.push(() => usher.stop());
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: 'auth0|15', iat: now - 1, exp: now + 600 };
    const client = connectPusher(
      { port, key: soketi.key },
      {
        wsPath: path,
        userAuthentication: {
          transport: 'ajax',
          endpoint: `${usher.publicUrl}/pusher/user-auth`,
          headers: { Authorization: `Bearer ${hmacToken(claims, {}, testSecret.reveal())}` },
        },
      },
    );
    ends.push(() => {
      client.disconnect();
    });
    await client.socketId();
    expect(await client.signIn()).toMatchObject({ ok: true });
    const closed = new Promise<void>((resolve) => {
      client.pusher.connection.bind('disconnected', resolve);
    });
    const { text } = await requestJson('POST', `${usher.operatorUrl}/revocations`, {
      user_id: 'auth0|15',
    });
    expect(text).toContain('{"effect":"pusher-connections-ended","server":"soketi","users":1}');
    await within(15_000, closed, () => 'The connection was not closed');
  });
});
