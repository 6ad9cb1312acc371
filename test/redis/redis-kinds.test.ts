import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { createRedisLimits } from '../../src/rate-limit/redis-limits.ts';
import { createSharedLimits } from '../../src/rate-limit/shared-limits.ts';
import { createRedis, type Redis } from '../../src/redis/client.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { limitsContract, newRate, newThing } from '../contract/limits.ts';
import { describeRedisKinds, startCluster, useRedisProcesses } from '../support/redis-kinds.ts';
import { until, type RedisProcess } from '../support/redis-server.ts';
import { testNow } from '../support/tokens.ts';

const processes = useRedisProcesses(afterAll);
const connections: Redis[] = [];
const lines: string[] = [];
const log = {
  warn: (about: object, message: string) => lines.push(JSON.stringify(about) + message),
};
const connect = async (url: string): Promise<Redis> => {
  const redis = await createRedis({ url: new Secret(url), log, timeoutMs: 2_000 });
  connections.push(redis);
  return redis;
};
const time = { now: testNow };
const now = () => time.now;
const limitsAt = async (url: string) => {
  const shared = createRedisLimits(await connect(url), now);
  const { probe: probeShared } = shared;
  return createSharedLimits({ shared, local: createMemoryLimits(now), probeShared, now, log });
};
const isShared = async (limits: Awaited<ReturnType<typeof limitsAt>>) => {
  await limits.probe();
  return !limits.isLocal();
};

beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
});

describeRedisKinds('a Redis Cluster of three nodes', () => {
  let nodes: readonly RedisProcess[];
  let url: string;
  beforeAll(async () => {
    nodes = await startCluster(processes);
    url = `redis+cluster://${nodes.map(({ address }) => address).join(',')}`;
  }, 120_000);

  let limits: ReturnType<typeof createRedisLimits> | undefined;
  beforeEach(async () => {
    limits = createRedisLimits(await connect(url), now);
  });
  limitsContract(() => limits!, time);

  it('is found by one of its nodes, counts for all replicas, and stores keys on each node', async () => {
    const [one, other] = [await limitsAt(`redis+cluster://${nodes[1]!.address}`), limits!];
    const rate = newRate({ perMinute: 2 });
    const thing = newThing({ key: rate.key });
    expect(await one.consume([rate, thing])).toEqual({ waitMs: 0 });
    expect(await other.consume([rate, thing])).toEqual({ waitMs: 0 });
    expect(await one.consume([rate, thing])).toMatchObject({ exceeded: rate.limit });
    expect(one.isLocal()).toBe(false);
    for (let i = 0; i < 50; i += 1) await other.consume([newRate()]);
    for (const node of nodes) expect(await node.query('DBSIZE')).toBeGreaterThan(0);
  });

  it('is unhealthy while one of its nodes is down, and recovers', async () => {
    const shared = await limitsAt(url);
    expect(await isShared(shared)).toBe(true);
    await nodes[2]!.kill();
    for (let i = 0; i < 30; i += 1)
      expect(await shared.consume([newRate()])).toEqual({ waitMs: 0 });
    expect(await isShared(shared)).toBe(false);
    await nodes[2]!.start();
    await until(() => isShared(shared));
  }, 120_000);

  it('is refused with a message under redis://', async () => {
    const redis = await connect(`redis://${nodes[0]!.address}`);
    expect(redis.misconfiguration()).toMatch(/^REDIS_URL names one node of a Redis Cluster\. Set /);
    await expect(redis.run((client) => client.echo('x'))).rejects.toThrow('redis');
  });
});

describeRedisKinds('Sentinels', () => {
  let master: RedisProcess;
  let url: string;
  beforeAll(async () => {
    master = await processes.server('--requirepass', 'a-password');
    const watched = `sentinel monitor main 127.0.0.1 ${master.port} 1`;
    const sentinel = await processes.sentinel([watched, 'sentinel auth-pass main a-password']);
    url = sentinel.address;
  }, 120_000);

  it('return the master, where limits are counted in the database of the address', async () => {
    const limits = await limitsAt(`redis+sentinel://:a-password@${url}/main?db=3`);
    expect(await isShared(limits)).toBe(true);
    await limits.consume([newRate()]);
    const inside = await connect(`redis://:a-password@${master.address}`);
    expect(await inside.run((client) => client.info('keyspace'))).toMatch(/db3:keys=1/);
  });

  it.each([
    ['another name', '/other', /^The Sentinels of REDIS_URL watch no master of the name/],
    ['no such database', '/main?db=99', /^REDIS_URL names a database that this Redis does not/],
  ])('are refused with a message: %s', async (_case, path, message) => {
    const redis = await connect(`redis+sentinel://:a-password@${url}${path}`);
    expect(redis.misconfiguration()).toMatch(message);
  });

  it('do not delay the start if none responds, and are used when one does', async () => {
    const redis = await connect(`redis+sentinel://:a-password@127.0.0.1:1/main`);
    expect(redis.misconfiguration()).toBeUndefined();
    expect(lines).toEqual(['{"reason":"no Sentinel responds"}Redis is not reachable']);
  });

  it('are refused with a message under redis:// and redis+cluster://', async () => {
    const plain = await connect(`redis://${url}`);
    expect(plain.misconfiguration()).toMatch(
      /^REDIS_URL names a Sentinel\. Set REDIS_URL=redis\+sentinel:/,
    );
    const cluster = await connect(`redis+cluster://${url}`);
    expect(cluster.misconfiguration()).toMatch(
      /^REDIS_URL names no node of a Redis Cluster, although/,
    );
  });
});

describeRedisKinds('a single Redis', () => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await processes.server();
  });

  it.each([
    ['redis+cluster://', '', /^REDIS_URL names no node of a Redis Cluster, although/],
    ['redis+sentinel://', '/main', /^REDIS_URL names no Sentinel, although/],
    ['redis://', '/99', /^REDIS_URL names a database that this Redis does not have/],
  ])('is refused with a message under %s…%s', async (scheme, path, message) => {
    const redis = await connect(`${scheme}${server.address}${path}`);
    expect(redis.misconfiguration()).toMatch(message);
    await expect(redis.run((client) => client.echo('x'))).rejects.toThrow('redis');
    expect(await server.query('DBSIZE')).toBe(0);
  });

  it('is used in the database of its address', async () => {
    const limits = await limitsAt(`redis://${server.address}/7`);
    await limits.consume([newRate()]);
    expect(await server.query('INFO', 'keyspace')).toMatch(/db7:keys=1/);
  });

  it('is not confused with a server of another protocol', async () => {
    const web = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
    await vi.waitUntil(() => web.listening);
    const { port } = web.address() as AddressInfo;
    const redis = await connect(`redis://127.0.0.1:${port}`);
    web.close();
    expect(redis.misconfiguration()).toMatch(
      /^REDIS_URL names a server that does not speak the Redis/,
    );
  });
});

describeRedisKinds('a Redis that responds to PING and refuses commands', () => {
  const aclOf = (rules: string) => ['--user', 'default', 'on', 'nopass', ...rules.split(' ')];
  const refusing: readonly (readonly [string, readonly string[], string])[] = [
    ['out of memory', ['--maxmemory', '1mb', '--maxmemory-policy', 'noeviction'], 'OOM'],
    ['of a login without scripts', aclOf('~* +@all -eval'), 'NOPERM'],
    ['of a login without SET', aclOf('~* +@all -set'), 'NOPERM'],
    ['of a login without keys', aclOf('~other:* +@all'), 'NOPERM'],
    ['that must have replicas', ['--min-replicas-to-write', '1'], 'NOREPLICAS'],
  ];

  it.each(refusing)(
    '%s is not healthy, and limits are counted locally',
    async (_case, options, reason) => {
      const server = await processes.server(...options);
      const limits = await limitsAt(`redis://${server.address}`);
      expect(await isShared(limits)).toBe(false);
      expect(lines).toEqual([`{"reason":"${reason}"}limits are counted by this replica alone`]);
      const rate = newRate({ perMinute: 1 });
      expect(await limits.consume([rate])).toEqual({ waitMs: 0 });
      expect(await limits.consume([rate])).toMatchObject({ exceeded: rate.limit });
    },
  );

  it('is not healthy as a replica, logs it once, and is healthy when it becomes a master', async () => {
    const master = await processes.server();
    const replica = await processes.server('--replicaof', '127.0.0.1', String(master.port));
    await until(async () => /master_link_status:up/.test(String(await replica.query('INFO'))));
    const limits = await limitsAt(`redis://${replica.address}`);
    for (let i = 0; i < 5; i += 1) {
      await limits.probe();
      expect(limits.isLocal()).toBe(true);
    }
    expect(lines).toEqual(['{"reason":"READONLY"}limits are counted by this replica alone']);
    await replica.query('REPLICAOF', 'NO', 'ONE');
    await until(() => isShared(limits));
    expect(lines.slice(1)).toEqual(['{}limits are shared again']);
  });
});
