import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { freePort } from './free-port.ts';
import { launchRedis, startRedisServer, until, type RedisProcess } from './redis-server.ts';
import { reportSkipped } from './skipped.ts';

const missing = ['redis-server', 'redis-sentinel', 'redis-cli'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);

if (missing.length > 0) {
  const what = `no ${missing.join(', no ')}; tests of Redis Cluster and Sentinel do not run`;
  reportSkipped('redis-sentinel', what);
}

/** Runs a suite that starts kinds of Redis servers, where Debian's `redis-server` and `redis-sentinel` are installed. */
export const describeRedisKinds = describe.skipIf(missing.length > 0);

/** Servers that share a directory for their files. */
export interface RedisProcesses {
  readonly server: (...options: readonly string[]) => Promise<RedisProcess>;
  readonly sentinel: (lines: readonly string[]) => Promise<RedisProcess>;
}

/** Servers for the tests of a file or a suite; `after` is the hook that ends them and removes their files. */
export function useRedisProcesses(after: (work: () => Promise<void>) => void): RedisProcesses {
  let directory: Promise<string> | undefined;
  const started: RedisProcess[] = [];
  const open = () => (directory ??= mkdtemp(join(tmpdir(), 'usher-redis-')));
  const keep = (running: RedisProcess) => {
    started.push(running);
    return running;
  };
  after(async () => {
    await Promise.all(started.splice(0).map((each) => each.kill()));
    if (directory !== undefined) await rm(await directory, { recursive: true, force: true });
    directory = undefined;
  });
  return {
    server: async (...options) => keep(await startRedisServer(options, await open())),
    sentinel: async (lines) => {
      const port = await freePort();
      const file = join(await open(), `sentinel-${port}.conf`);
      await writeFile(file, [`port ${port}`, 'bind 127.0.0.1', ...lines, ''].join('\n'));
      return keep(await launchRedis(['redis-sentinel', file], port));
    },
  };
}

/** A Cluster of three masters, each with this number of replicas. */
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
    const states = await Promise.all(nodes.map((node) => node.query('CLUSTER', 'INFO')));
    const links = await Promise.all(nodes.map((node) => node.query('INFO', 'replication')));
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
