import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { runInProcess } from '../../support/command-line.ts';
import { testEnvironment, userToken, useUsher } from '../../support/usher.ts';

const page = 'https://app.example';

/** The first message of a server to a page of this origin. */
type Greet = (origin: string | undefined) => object;

const accepted = {
  event: 'pusher:connection_established',
  data: JSON.stringify({ socket_id: '1.1', activity_timeout: 30 }),
};
/** An error as Reverb 1.10 and Pusher send it. */
const error = (code: number, message: string) => ({
  event: 'pusher:error',
  data: JSON.stringify({ code, message }),
});
const subscribed = { event: 'pusher_internal:subscription_succeeded' };
const unknownEvent = error(4200, 'Invalid message format');
/** `allowed_origins` of Reverb 1.10: a connection without an origin is refused as well. */
const onlyThePage: Greet = (origin) =>
  origin === page ? accepted : error(4009, 'Origin not allowed');

/** Starts a Pusher server that greets and accepts every subscription, at this path. As Reverb it has no sign-in. */
async function startServer(greet: Greet, path = ''): Promise<number> {
  const server = createServer((request, response) => {
    const isFound = request.url?.startsWith(`${path}/apps/`) === true;
    response.writeHead(isFound ? 200 : 404).end('{}');
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.startsWith(`${path}/app/`) !== true) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send(JSON.stringify(greet(request.headers.origin)));
      client.on('message', (text: Buffer) => {
        const isSignIn = text.includes('"pusher:signin"');
        client.send(JSON.stringify(isSignIn ? unknownEvent : subscribed));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('usher doctor on the Pusher server', () => {
  const usher = useUsher();
  const doctor = async (port: number, args: readonly string[] = [], changes = {}) => {
    const server = { PUSHER_HOST: '127.0.0.1', PUSHER_PORT: String(port), PUSHER_TLS: 'false' };
    const environment = { ...testEnvironment, PUSHER_SERVER: 'reverb', ...server, ...changes };
    const command = ['doctor', '--url', usher.public, ...args];
    const { stdout } = await runInProcess(command, environment, userToken());
    return stdout;
  };
  const connects = 'the Pusher server accepts WebSocket connections';

  it('connects as a page of the origin in --origin, or of the first of ALLOWED_ORIGINS', async () => {
    const port = await startServer(onlyThePage);
    const ofOption = await doctor(port, ['--origin', page]);
    expect(ofOption).toContain(`✓ ${connects}\n✓ the secret matches the key\n✓ PUSHER_SERVER`);
    const ofSetting = await doctor(port, [], { ALLOWED_ORIGINS: `${page},https://b.example` });
    expect(ofSetting).toContain(`✓ ${connects}\n`);
  });

  it('reports that the server does not accept the origin of the page', async () => {
    const port = await startServer(onlyThePage);
    expect(await doctor(port, ['--origin', 'https://other.example'])).toContain(
      `✗ ${connects}\n` +
        '    The Pusher server refuses connections of pages of https://other.example (4009).\n' +
        '    Add its host to allowed_origins of the app at that server.',
    );
    const production = {
      NODE_ENV: 'production',
      ALLOWED_ORIGINS: '',
      PUSHER_SECRET: '0123456789abcdef',
    };
    expect(await doctor(port, [], production)).toContain(
      '    The Pusher server refuses connections without an origin (4009).\n' +
        '    Give the origin of the page with --origin, or set ALLOWED_ORIGINS.\n',
    );
  });

  it('reports that the app has reached its connection limit', async () => {
    const full = error(4004, 'Application is over connection quota');
    expect(await doctor(await startServer(() => full))).toContain(
      '    The app has the maximum number of connections at the Pusher server (4004).\n',
    );
  });

  it('reports that the server may be Reverb if it refuses a sign-in as Pusher does not', async () => {
    const port = await startServer(() => accepted);
    const args = ['--channel', 'private-tenant.1.user.15', '--token-stdin'];
    expect(await doctor(port, args, { PUSHER_SERVER: 'pusher' })).toContain(
      '✗ a user is signed in\n    The Pusher server refuses the sign-in.\n    Set PUSHER_SERVER=reverb',
    );
    expect(await doctor(port, args)).toContain('– a user is signed in: the Pusher');
  });

  it('reports that the server has another path', async () => {
    const port = await startServer(() => accepted, '/realtime');
    expect(await doctor(port)).toMatch(
      /no WebSocket at that path \(404\)\.\n.*PUSHER_PATH[^]*no HTTP API at that path \(404\)\.\n.*PUSHER_PATH/,
    );
    expect(await doctor(port, [], { PUSHER_PATH: '/realtime' })).toContain(`✓ ${connects}\n`);
  });
});
