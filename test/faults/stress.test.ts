import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Usher } from '../e2e/support/usher.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';
import {
  guestRequest,
  operatorRequest,
  seenBy,
  startTraffic,
  type Traffic,
} from './support/traffic.ts';

let postgres: Postgres;
let usher: Usher;
let visitors: Traffic;
let probes: Traffic;
let sockets: Socket[];

beforeAll(async () => {
  postgres = await startPostgres();
  usher = await startService({ DATABASE_URL: postgres.url, RATE_LIMIT_CONNECTIONS: '1000000' });
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
});
afterAll(async () => {
  await usher.stop();
  await postgres.remove();
});

/** Opens some connections, sends this on each, and sends ordinary requests at the same time. */
async function overload(count: number, text: string): Promise<void> {
  sockets = [];
  visitors = startTraffic(guestRequest(usher));
  probes = startTraffic(operatorRequest(usher, '/livez'), { visitors: 1 });
  const { hostname, port } = new URL(usher.publicUrl);
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(500, count - sockets.length) }, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => undefined);
      // Unread, it would not notice that it was cut off.
      return socket.resume();
    });
    await Promise.all(some.map((socket) => once(socket, 'connect')));
    for (const socket of some) socket.write(text);
    sockets.push(...some);
  }
}

/** All other requests were served. */
async function expectOthersServed(): Promise<void> {
  await visitors.granted(visitors.requests.length + 20);
  await Promise.all([visitors.stop(), probes.stop()]);
  expect(new Set([...visitors.requests, ...probes.requests].map(({ status }) => status))).toEqual(
    new Set([200]),
  );
}

/** Resident memory of the process in megabytes (`VmRSS` of Linux). */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${usher.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

const open = () => sockets.filter((socket) => !socket.closed).length;

describe('ordinary visitors are served during', () => {
  it('10,000 idle keep-alive connections', async () => {
    const before = await memory();
    await overload(10_000, 'GET /nothing HTTP/1.1\r\nHost: usher\r\n\r\n');
    await expectOthersServed();
    const growth = (await memory()) - before;
    expect(open()).toBe(10_000);
    // An idle connection takes 10 to 20 kB; a leak of its requests would take more.
    expect(growth).toBeLessThan(400);
    report({
      fault: '10,000 idle keep-alive connections',
      clientsSaw: seenBy(visitors.requests),
      lost: `nothing; memory grew by ${Math.round(growth)} MB`,
      recovery: 'no interruption',
    });
  });

  const start = 'POST /broadcasting/auth HTTP/1.1\r\nHost: usher\r\n';
  const unfinished = [
    ['1,000 clients that never complete their headers', `${start}Authorization: Bea`],
    [
      '1,000 clients that never complete their body',
      `${start}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"socket_id":`,
    ],
    [
      '1,000 WebSockets that never authenticate',
      'GET /ws HTTP/1.1\r\nHost: usher\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ],
  ] as const;

  it.each(unfinished)('%s, whose connections are closed', async (fault, text) => {
    const started = Date.now();
    await overload(1_000, text);
    while (open() > 0) await sleep(50);
    const took = Date.now() - started;
    await expectOthersServed();
    report({
      fault,
      clientsSaw: seenBy(visitors.requests),
      lost: 'nothing',
      recovery: `no interruption; Usher closed them within ${seconds(took)}`,
    });
  });
});

describe('load beyond capacity', () => {
  it('is queued, and the probe responds throughout', async () => {
    const load = startTraffic(guestRequest(usher), { visitors: 1_000, pause: 0 });
    probes = startTraffic(operatorRequest(usher, '/livez'), { visitors: 1 });
    await load.granted(5_000);
    await Promise.all([load.stop(), probes.stop()]);
    const single = startTraffic(guestRequest(usher), { visitors: 1 });
    await single.granted(10);
    await single.stop();
    expect(new Set([...load.requests, ...probes.requests].map(({ status }) => status))).toEqual(
      new Set([200]),
    );
    report({
      fault: '1,000 visitors at once, each without a pause between requests',
      clientsSaw: seenBy(load.requests),
      lost: `nothing; /livez: ${seenBy(probes.requests)}`,
      recovery: seconds(Math.max(...single.requests.map(({ from, to }) => to - from))),
    });
  });
});
