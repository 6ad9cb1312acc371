import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { describe } from 'vitest';

const missing = ['redis-server', 'redis-sentinel', 'redis-cli'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);

if (missing.length > 0) {
  const what = `no ${missing.join(', no ')}; tests of Redis Cluster and Sentinel do not run`;
  const required = (process.env['USHER_TEST_REQUIRE'] ?? '').split(' ');
  if (required.includes('redis-sentinel')) throw new Error(what);
  console.log(`Skipped: ${what}.`);
}

/** Runs a suite that starts kinds of Redis servers, where Debian's `redis-server` and `redis-sentinel` are installed. */
export const describeRedisKinds = describe.skipIf(missing.length > 0);

/** A server of Redis, a Sentinel too, on a loopback port of its own. */
export interface RedisProcess {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** Sends it a command and resolves to what it answers. */
  readonly ask: (...command: readonly string[]) => Promise<unknown>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it with everything it held in memory, and resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** Starts it again with what it has on disk. */
  readonly start: () => Promise<void>;
}

/** Several servers of one test and the directory that they keep their files in. */
export interface RedisProcesses {
  readonly server: (...options: readonly string[]) => Promise<RedisProcess>;
  readonly sentinel: (lines: readonly string[]) => Promise<RedisProcess>;
  /** Ends all of them and removes the directory. */
  readonly stop: () => Promise<void>;
}

/** Makes room for servers; none is started yet. */
export async function openRedisProcesses(): Promise<RedisProcesses> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-redis-'));
  const started: RedisProcess[] = [];
  const run = async (program: string, port: number, args: readonly string[]) => {
    const running = await launch(program, port, { args, directory });
    started.push(running);
    return running;
  };
  return {
    server: async (...options) => {
      const port = await freePort();
      const files = ['--dir', directory, '--dbfilename', `${port}.rdb`, '--save', ''];
      const listen = ['--port', String(port), '--bind', '127.0.0.1'];
      return run('redis-server', port, [...listen, ...files, ...options]);
    },
    sentinel: async (lines) => {
      const port = await freePort();
      const file = join(directory, `sentinel-${port}.conf`);
      await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', ...lines, ''].join('\n'));
      return run('redis-sentinel', port, [file]);
    },
    stop: async () => {
      await Promise.all(started.map((each) => each.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(
  program: string,
  port: number,
  { args, directory }: { readonly args: readonly string[]; readonly directory: string },
): Promise<RedisProcess> {
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(program, args, { stdio: 'ignore', cwd: directory });
    await answers(port);
  };
  await start();
  return {
    port,
    address: `127.0.0.1:${port}`,
    start,
    signal: (signal) => void child?.kill(signal),
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    ask: (...[name = '', ...rest]) => withClient(port, (client) => client.call(name, ...rest)),
  };
}

/** A Cluster of three masters, each with so many replicas. */
export async function startCluster(
  processes: RedisProcesses,
  { replicas = 0 }: { readonly replicas?: number } = {},
): Promise<readonly RedisProcess[]> {
  const nodes: RedisProcess[] = [];
  for (let i = 0; i < 3 + 3 * replicas; i += 1) nodes.push(await clusterNode(processes));
  const create = ['--cluster', 'create', ...nodes.map(({ address }) => address)];
  const args = [...create, '--cluster-replicas', String(replicas), '--cluster-yes'];
  const created = spawnSync('redis-cli', args, { encoding: 'utf8' });
  if (created.status !== 0) throw new Error(`redis-cli: ${created.stdout}${created.stderr}`);
  await until(async () => {
    const states = await Promise.all(nodes.map((node) => node.ask('CLUSTER', 'INFO')));
    const links = await Promise.all(nodes.map((node) => node.ask('INFO', 'replication')));
    return (
      states.every((state) => String(state).includes('cluster_state:ok')) &&
      links.every((link) => !String(link).includes('master_link_status:down'))
    );
  });
  return nodes;
}

async function clusterNode(processes: RedisProcesses): Promise<RedisProcess> {
  const bus = await freePort();
  return processes.server(
    ...['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${bus}.conf`],
    ...['--cluster-port', String(bus), '--cluster-node-timeout', '2000'],
  );
}

/** Waits until something is so, for as long as a slow machine may take. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await isSo().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error('It did not come to be so within a minute');
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

/** Waits until it serves; one with a password says so. */
async function answers(port: number): Promise<void> {
  await until(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write('PING\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return /^(\+PONG|-NOAUTH)/.test(String(answer));
    } finally {
      socket.destroy();
    }
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
