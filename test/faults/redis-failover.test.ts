import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { get } from '../e2e/support/requests.ts';
import type { Usher } from '../e2e/support/usher.ts';
import {
  describeRedisKinds,
  startCluster,
  useRedisProcesses,
  type RedisProcesses,
} from '../support/redis-kinds.ts';
import { until, type RedisProcess } from '../support/redis-server.ts';
import { expectEveryGrantKept } from './support/expectations.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';
import { issueTicket, redeemTicket, ticketIn } from './support/tickets.ts';
import { guestRequest, seenBy, startTraffic } from './support/traffic.ts';

/** A Redis deployment with the limits, and the process that is killed. */
interface Kind {
  readonly url: string;
  readonly master: RedisProcess;
  /** Whether another server has taken over from the master. */
  readonly hasFailedOver: () => Promise<boolean>;
}

const sentinels = async (processes: RedisProcesses): Promise<Kind> => {
  const master = await processes.server();
  const replica = await processes.server('--replicaof', '127.0.0.1', String(master.port));
  await until(async () => /master_link_status:up/.test(String(await replica.query('INFO'))));
  const lines = [
    `sentinel monitor main 127.0.0.1 ${master.port} 2`,
    'sentinel down-after-milliseconds main 1000',
    'sentinel failover-timeout main 5000',
  ];
  const watchers: RedisProcess[] = [];
  for (let i = 0; i < 3; i += 1) watchers.push(await processes.sentinel(lines));
  await until(async () => {
    const states = await Promise.all(watchers.map((each) => each.query('INFO', 'sentinel')));
    return states.every((state) => /slaves=1,sentinels=3/.test(String(state)));
  });
  return {
    url: `redis+sentinel://${watchers.map(({ address }) => address).join(',')}/main`,
    master,
    hasFailedOver: async () => /role:master/.test(String(await replica.query('INFO'))),
  };
};

const cluster = async (processes: RedisProcesses): Promise<Kind> => {
  const nodes = await startCluster(processes, { replicas: 1 });
  const [master, ...others] = nodes;
  const slots = async () => {
    const known = (await others[0]!.query('CLUSTER', 'NODES')) as string;
    const lines = known
      .split('\n')
      .filter((line) => line.includes('master') && !line.includes('fail'));
    return lines.filter((line) => /\d+-\d+/.test(line)).length;
  };
  return {
    url: `redis+cluster://${nodes.map(({ address }) => address).join(',')}`,
    master: master!,
    hasFailedOver: async () => (await slots()) === 3,
  };
};

describeRedisKinds('Redis fails over during requests', () => {
  let postgres: Postgres;
  let usher: Usher | undefined;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  // Before the other hook, which then runs first: Usher ends before its Redis.
  const processes = useRedisProcesses(afterEach);
  afterEach(() => usher?.stop());
  afterAll(() => postgres.remove());

  it.each([
    ['three Sentinels, master killed, replica takes over', sentinels],
    ['Redis Cluster with replicas, one master killed', cluster],
  ] as const)('%s', async (fault, start) => {
    const { url, master, hasFailedOver } = await start(processes);
    const running = await startService({ DATABASE_URL: postgres.url, REDIS_URL: url });
    usher = running;
    const limitsAre = async () => (await get(`${running.operatorUrl}/readyz`)).text;
    await until(async () => (await limitsAre()).includes('"limits":"shared"'));

    const ticket = ticketIn(await issueTicket(running));
    const guests = startTraffic(guestRequest(running));
    const pages = startTraffic(() => issueTicket(running));
    await guests.granted(20);
    await master.kill();
    const started = Date.now();
    await until(hasFailedOver);
    await until(async () => (await limitsAre()).includes('"limits":"shared"'));
    const recovery = Date.now() - started;
    await Promise.all([guests.stop(), pages.stop()]);

    expect(new Set(guests.requests.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(pages.requests.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await redeemTicket(running, ticket)).status).toBe(200);
    expect((await redeemTicket(running, ticket)).status).toBe(401);
    report({
      fault,
      clientsSaw: `chat: ${seenBy(guests.requests)}. Tickets: ${seenBy(pages.requests)}`,
      lost: await expectEveryGrantKept(guests.requests, postgres),
      recovery: `limits shared again ${seconds(recovery)} after the kill`,
    });
  });

  it('Redis restarted from an older snapshot: a redeemed ticket is refused', async () => {
    const redis = await processes.server();
    const running = await startService({
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
    });
    usher = running;
    const ticket = ticketIn(await issueTicket(running));
    await redis.query('SAVE');
    expect((await redeemTicket(running, ticket)).status).toBe(200);
    await redis.kill();
    expect((await redeemTicket(running, ticket)).status).toBe(401);
    await redis.start();
    for (let i = 0; i < 3; i += 1) expect((await redeemTicket(running, ticket)).status).toBe(401);
    const grants = await postgres.query(
      `SELECT FROM audit_log WHERE action = 'redeem-ticket' AND outcome = 'grant'`,
    );
    expect(grants.length).toBeGreaterThan(0);
    report({
      fault: 'Redis killed, and restarted from a snapshot that is older than a spent ticket',
      clientsSaw: 'the ticket is refused: 4 × 401',
      lost: 'nothing',
      recovery: 'no interruption',
    });
  });
});
