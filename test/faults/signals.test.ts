import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Usher } from '../e2e/support/usher.ts';
import { expectEveryGrantKept } from './support/expectations.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startRoundRobin } from './support/round-robin.ts';
import { startService } from './support/service.ts';
import { type SentRequest, guestRequest, seenBy, startTraffic } from './support/traffic.ts';

/** Clients that keep one process busy: each sends its next request immediately. */
const fullLoad = { visitors: 48, pause: 0 };

let postgres: Postgres;
const start = (): Promise<Usher> => startService({ DATABASE_URL: postgres.url });

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.remove());

describe('SIGTERM under full load', () => {
  it('loses no request behind a load balancer', async () => {
    const [leaving, staying, balancer] = await Promise.all([start(), start(), startRoundRobin()]);
    balancer.add(leaving);
    balancer.add(staying);
    const traffic = startTraffic(guestRequest(balancer), fullLoad);
    await traffic.granted(500);
    const started = Date.now();
    await leaving.stop('SIGTERM');
    const took = Date.now() - started;
    await traffic.nextIs(200);
    await traffic.stop();
    await Promise.all([staying.stop(), balancer.close()]);

    expect(new Set(traffic.requests.map(({ status }) => status))).toEqual(new Set([200]));
    const lost = await expectEveryGrantKept(traffic.requests, postgres);
    report({
      fault: 'SIGTERM to one of two Ushers under full load, behind a load balancer',
      clientsSaw: seenBy(traffic.requests),
      lost,
      recovery: `no interruption; it exited after ${seconds(took)}`,
    });
  });
});

describe('SIGKILL under full load', () => {
  const times = 20;

  it(`leaves no grant without its row, ${times} times`, { timeout: 300_000 }, async () => {
    const requests: SentRequest[] = [];
    const starts: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const started = Date.now();
      const usher = await start();
      starts.push(Date.now() - started);
      const traffic = startTraffic(guestRequest(usher), fullLoad);
      await traffic.granted(500);
      // Every second time the database is killed as well: each grant that was sent is on its disk.
      const database = round % 2 === 1 ? postgres.kill() : Promise.resolve();
      await Promise.all([usher.stop('SIGKILL'), database]);
      await traffic.stop();
      await postgres.start();
      requests.push(...traffic.requests);
    }
    expect(new Set(requests.map(({ status }) => status))).not.toContain(500);
    const lost = await expectEveryGrantKept(requests, postgres);
    report({
      fault: `SIGKILL under full load, ${times} times, ${times / 2} of them together with PostgreSQL`,
      clientsSaw: seenBy(requests),
      lost,
      recovery: `${seconds(Math.max(...starts))} at most, after the start of the process`,
    });
  });
});
