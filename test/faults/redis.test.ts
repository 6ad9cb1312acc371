import { afterAll, beforeAll, expect, it } from 'vitest';

import type { Usher } from '../e2e/support/usher.ts';
import {
  describeRedisServer,
  startRedisServer,
  type RedisProcess,
} from '../support/redis-server.ts';
import { expectNoForbiddenGrant } from './support/expectations.ts';
import { injectFault } from './support/outage.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';
import { issueTicket, redeemTicket, ticketIn } from './support/tickets.ts';
import { guestRequest, seenBy, startTraffic } from './support/traffic.ts';

interface Fault {
  readonly fault: string;
  readonly inject: (redis: RedisProcess) => Promise<() => Promise<void>>;
}

const cutConnections = (redis: RedisProcess) => redis.query('CLIENT', 'KILL', 'SKIPME', 'yes');

const faults: readonly Fault[] = [
  {
    fault: 'Redis stopped for 6 s, and empty afterwards',
    inject: async (redis) => {
      await redis.kill();
      return redis.start;
    },
  },
  {
    fault: 'Redis frozen (SIGSTOP) for 6 s',
    inject: async (redis) => {
      const resume = await redis.freeze();
      return () => {
        resume();
        return Promise.resolve();
      };
    },
  },
  {
    fault: 'all connections to Redis closed, four times a second for 6 s',
    inject: (redis) => {
      // If two calls overlap, one closes the connection of the other.
      const cutting = setInterval(() => void cutConnections(redis).catch(() => undefined), 250);
      return Promise.resolve(async () => {
        clearInterval(cutting);
        await cutConnections(redis);
      });
    },
  },
];

describeRedisServer('Redis fails during requests', () => {
  let postgres: Postgres;
  let redis: RedisProcess;
  let usher: Usher;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedisServer()]);
    usher = await startService({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await usher.stop();
    await redis.kill();
    await postgres.remove();
  });

  it.each(faults)('$fault', async ({ fault, inject }) => {
    const ticket = ticketIn(await issueTicket(usher));
    const guests = startTraffic(guestRequest(usher));
    const sendRequest = () => issueTicket(usher);
    const outage = await injectFault(usher, () => inject(redis), { sendRequest });
    await guests.stop();
    const lost = await expectNoForbiddenGrant({ ...outage, requests: guests.requests }, postgres);

    // Limits count in each process meanwhile, so no request is refused.
    expect(new Set(guests.requests.map(({ status }) => status))).toEqual(new Set([200]));
    // Tickets are in PostgreSQL.
    expect(new Set(outage.requests.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await redeemTicket(usher, ticket)).status).toBe(200);
    expect((await redeemTicket(usher, ticket)).status).toBe(401);
    report({
      fault,
      clientsSaw: `chat: ${seenBy(guests.requests)}. Tickets: ${outage.clientsSaw}`,
      lost,
      recovery: seconds(outage.recovery),
    });
  });
});
