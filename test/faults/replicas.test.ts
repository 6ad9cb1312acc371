import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { requestJson } from '../e2e/support/requests.ts';
import type { Usher } from '../e2e/support/usher.ts';
import { hasRedisServer, startRedisServer, type RedisProcess } from '../support/redis-server.ts';
import { expectEveryGrantKept } from './support/expectations.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report } from './support/report.ts';
import { type RoundRobin, startRoundRobin } from './support/round-robin.ts';
import { asOperator, putBooking, startService, tokens } from './support/service.ts';
import { issueTicket, redeemTicket, ticketIn } from './support/tickets.ts';
import { guestRequest, seenBy, startTraffic } from './support/traffic.ts';

let postgres: Postgres;
let redis: RedisProcess | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
  redis = hasRedisServer ? await startRedisServer() : undefined;
});
afterAll(async () => {
  await redis?.kill();
  await postgres.remove();
});

const startReplica = (over: Readonly<Record<string, string>> = {}, script?: string) =>
  startService(
    { DATABASE_URL: postgres.url, ...(redis && { REDIS_URL: redis.url }), ...over },
    script,
  );

describe('two Ushers on one PostgreSQL and one Redis', () => {
  let one: Usher;
  let other: Usher;
  let balancer: RoundRobin;
  beforeEach(async () => {
    [one, other, balancer] = await Promise.all([startReplica(), startReplica(), startRoundRobin()]);
    balancer.add(one);
    balancer.add(other);
  });
  afterEach(async () => {
    await Promise.all([balancer.close(), one.stop(), other.stop()]);
  });

  it('accept a ticket once, however many clients send it to both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const ticket = ticketIn(await issueTicket(balancer));
      const responses = await Promise.all(
        Array.from({ length: 40 }, () => redeemTicket(balancer, ticket)),
      );
      expect(responses.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });

  it('apply a change of the facts to the next decision', async () => {
    for (let round = 0; round < 20; round += 1) {
      await putBooking(one, 'cancelled');
      expect((await guestRequest(other)()).status).toBe(403);
      await putBooking(other, 'open');
      expect((await guestRequest(one)()).status).toBe(200);
    }
  });

  it('refuse credentials that were revoked on the other', async () => {
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const jti = `stolen-${round}`;
      const token = tokens.guest({ jti });
      expect((await guestRequest(other, token)()).status).toBe(200);
      const started = Date.now();
      await requestJson('POST', `${one.operatorUrl}/revocations`, { token_id: jti }, asOperator);
      while ((await guestRequest(other, token)()).status !== 403);
      took.push(Date.now() - started);
    }
    expect((await guestRequest(other)()).status).toBe(200);
    report({
      fault: 'a token revoked at one of two Ushers, 20 times',
      clientsSaw: 'refused by the other',
      lost: 'nothing',
      recovery: `refused within ${Math.max(...took)} ms of the operator’s request, median ${median(took)} ms`,
    });
  });

  it('share their limits', async () => {
    await Promise.all([one.stop(), other.stop()]);
    const strict = { RATE_LIMIT_AUTHORIZATIONS: '20' };
    [one, other] = await Promise.all([startReplica(strict), startReplica(strict)]);
    const first = tokens.guest();
    const responses = await Promise.all(
      Array.from({ length: 60 }, (_, i) => guestRequest(i % 2 === 0 ? one : other, first)()),
    );
    const granted = responses.filter(({ status }) => status === 200).length;
    // Without a Redis each counts for itself.
    const limit = hasRedisServer ? 20 : 40;
    // The bucket may refill by one or two during the sixty requests.
    expect(granted).toBeGreaterThanOrEqual(limit);
    expect(granted).toBeLessThanOrEqual(limit + 4);
  });
});

describe('a rolling upgrade over a new migration', () => {
  const project = fileURLToPath(new URL('../..', import.meta.url));
  let next: string;
  beforeAll(async () => {
    next = await mkdtemp(join(tmpdir(), 'usher-faults-next-'));
    for (const part of ['dist', 'policies', 'prisma', 'package.json']) {
      await cp(join(project, part), join(next, part), { recursive: true });
    }
    await symlink(join(project, 'node_modules'), join(next, 'node_modules'));
    await addMigration(join(next, 'prisma/migrations'));
  });
  afterAll(() => rm(next, { recursive: true, force: true }));

  it('loses no request', async () => {
    const [first, second, balancer] = await Promise.all([
      startReplica(),
      startReplica(),
      startRoundRobin(),
    ]);
    balancer.add(first);
    balancer.add(second);
    const traffic = startTraffic(guestRequest(balancer), { visitors: 8 });
    await traffic.granted(100);
    const upgraded: Usher[] = [];
    for (const leaving of [first, second]) {
      const coming = await startReplica({}, join(next, 'dist/main.js'));
      upgraded.push(coming);
      balancer.add(coming);
      await leaving.stop('SIGTERM');
    }
    await traffic.granted(traffic.requests.length + 100);
    await traffic.stop();
    const columns = await postgres.query(
      `SELECT FROM information_schema.columns WHERE table_name = 'facts' AND column_name = 'future_column'`,
    );
    await Promise.all([...upgraded.map((usher) => usher.stop()), balancer.close()]);

    expect(columns).toHaveLength(1);
    expect(new Set(traffic.requests.map(({ status }) => status))).toEqual(new Set([200]));
    report({
      fault: 'two Ushers replaced one after the other by a version with a new migration',
      clientsSaw: seenBy(traffic.requests),
      lost: await expectEveryGrantKept(traffic.requests, postgres),
      recovery: 'no interruption',
    });
  });
});

/** Like an upgrade that adds a migration: the previous version must continue to work. */
async function addMigration(migrations: string): Promise<void> {
  const [last] = (await readdir(migrations)).filter((name) => /^[0-9]/.test(name)).slice(-1);
  const name = `${Number(last!.slice(0, 14)) + 1}_future_column`;
  await mkdir(join(migrations, name));
  const sql = `ALTER TABLE "facts" ADD COLUMN "future_column" TEXT;\n`;
  await writeFile(join(migrations, name, 'migration.sql'), sql);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
