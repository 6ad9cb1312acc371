import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis as Client } from 'ioredis';
import { describe } from 'vitest';

const isInstalled = spawnSync('redis-server', ['--version']).status === 0;

/** Runs a suite that needs a Redis of its own, where `redis-server` is installed. */
export const describeRedisServer = describe.skipIf(!isInstalled);

/** A Redis that a test may stop, freeze and start again. */
export interface RedisServer {
  readonly url: string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly setFrozen: (frozen: boolean) => void;
}

/** Makes a Redis on a port of its own; it does not run until it is started, and the test stops it. */
export async function makeRedisServer(): Promise<RedisServer> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let process: ChildProcess | undefined;
  const stop = async () => {
    const running = process;
    process = undefined;
    if (running === undefined) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  };
  return {
    url,
    stop,
    setFrozen: (frozen) => void process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    start: async () => {
      const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
      process = spawn('redis-server', settings, { stdio: 'ignore' });
      const client = new Client(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
      client.on('error', () => undefined);
      await client.ping();
      client.disconnect();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
