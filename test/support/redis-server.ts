import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { describe } from 'vitest';
import { freePort } from './free-port.ts';
import { freeze } from './freeze.ts';

/** Whether a Redis server can be started here. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** Runs a suite that needs its own Redis, if `redis-server` is installed. */
export const describeRedisServer = describe.skipIf(!hasRedisServer);

/** A Redis server or Sentinel on its own loopback port; the test stops it. */
export interface RedisProcess {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly url: string;
  /** Sends a command and resolves to its reply. */
  readonly query: (...command: readonly string[]) => Promise<unknown>;
  /** Stops its process (SIGSTOP), and resolves to a function that continues it. */
  readonly freeze: () => Promise<() => void>;
  /** Kills it, which loses its data in memory, and resolves when it has exited. */
  readonly kill: () => Promise<void>;
  /** Restarts it with its data on disk, and resolves when it responds. */
  readonly start: () => Promise<void>;
}

/** Starts a server without persistence, unless these options enable it. */
export async function startRedisServer(
  options: readonly string[] = [],
  directory = tmpdir(),
): Promise<RedisProcess> {
  const port = await freePort();
  const files = ['--dir', directory, '--dbfilename', `${port}.rdb`, '--save', ''];
  const listen = ['--port', String(port), '--bind', '127.0.0.1'];
  return launchRedis(['redis-server', ...listen, ...files, ...options], port);
}

/** Starts a program that speaks the protocol of Redis on this port. */
export async function launchRedis(
  [program = '', ...args]: readonly string[],
  port: number,
): Promise<RedisProcess> {
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(program, args, { stdio: 'ignore' });
    await respondsTo(port);
  };
  await start();
  const address = `127.0.0.1:${port}`;
  return {
    port,
    address,
    url: `redis://${address}`,
    start,
    freeze: () => freeze(child!.pid!),
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    query: (...[name = '', ...rest]) => withClient(port, (client) => client.call(name, ...rest)),
  };
}

/** Waits up to a minute, because a machine may be slow, until a condition holds. Throws if it does not. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await isSo().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error('The condition was not met within a minute');
}

async function withClient<T>(port: number, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** Waits until it responds; a server with a password responds with an error. */
async function respondsTo(port: number): Promise<void> {
  await until(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write('PING\r\n');
      const [response] = (await once(socket, 'data')) as [Buffer];
      return /^(\+PONG|-NOAUTH)/.test(String(response));
    } finally {
      socket.destroy();
    }
  });
}
