import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  createApplicationClient,
  applicationLimits,
  type ApplicationClient,
  type ApplicationClientSettings,
  type ApplicationRequest,
  type ApplicationStats,
} from '../../src/application/application-client.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';
import { startHeldApplication, type HeldApplication } from './held-application.ts';

const second = 1000;

let host: HeldApplication;
let time: TestClock;
let outcomes: string[];
let gauges: Parameters<ApplicationStats['observe']>[0];
let client: ApplicationClient;

const stats: ApplicationStats = {
  observe: (read) => {
    gauges = read;
  },
  startWait: () => () => undefined,
  start: () => (outcome) => outcomes.push(outcome),
  countUnsent: (outcome) => outcomes.push(outcome),
};

const clientOf = (settings: Partial<ApplicationClientSettings> = {}) =>
  createApplicationClient(
    { name: 'host', origin: host.url.origin, ...settings },
    { fetch, startTimer: time.clock.startTimer, stats },
  );

const request = (path: string, changes: Partial<ApplicationRequest<string>> = {}) => ({
  key: path,
  url: new URL(path, host.url),
  headers: {},
  read: ({ status, text }: { readonly status: number; readonly text: string }) =>
    status === 200 ? text : `status ${status}`,
  ...changes,
});

const sendRequest = (path: string, changes?: Partial<ApplicationRequest<string>>) =>
  client.send(request(path, changes));

/** The reason of an outage. */
const reasonOf = async (pending: Promise<unknown>) => {
  const error: unknown = await pending.then(
    () => 'success',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Unavailable);
  return ((error as Unavailable).cause as Error).message;
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  host = await startHeldApplication();
  time = createTestClock(testNow);
  outcomes = [];
  client = clientOf();
});

afterEach(() => host.close());

describe('many concurrent requests', () => {
  it('of 400 pages each get a response, in order', async () => {
    const responded: string[] = [];
    const paths = Array.from({ length: 400 }, (_, page) => `/${page}`);
    const pages = paths.map(async (path) => {
      expect(await sendRequest(path)).toBe(path);
      responded.push(path);
    });
    expect(gauges.inFlight()).toBe(applicationLimits.maxConcurrent);
    expect(gauges.queued()).toBe(400 - applicationLimits.maxConcurrent);
    for (let count = 1; count <= 400; count += 1) {
      await host.arrived(Math.min(400, applicationLimits.maxConcurrent + count - 1));
      host.respondToFirst();
      while (responded.length < count) await settled();
      // A hundred responses per second.
      time.advance(10);
    }
    await Promise.all(pages);
    expect(outcomes).toEqual(Array(400).fill('success'));
    expect(host.mostOpen()).toBe(applicationLimits.maxConcurrent);
    // A connection is free again shortly after its response.
    expect(host.connections()).toBeLessThan(2 * applicationLimits.maxConcurrent);
    // A request is sent when one of those before it has its response. Parallel connections may overtake each other.
    const late = host.paths.filter(
      (path, position) => paths.indexOf(path) - position >= applicationLimits.maxConcurrent,
    );
    expect(late).toEqual([]);
    expect([gauges.queued(), gauges.inFlight(), time.waiting()]).toEqual([0, 0, 0]);
  });

  it('keep their order with one request at a time', async () => {
    client = clientOf({ limits: { ...applicationLimits, maxConcurrent: 1 } });
    const paths = Array.from({ length: 20 }, (_, page) => `/${page}`);
    const pages = Promise.all(paths.map((path) => sendRequest(path)));
    for (let count = 1; count <= 20; count += 1) {
      await host.arrived(count);
      host.respondToFirst();
    }
    expect(await pages).toEqual(paths);
    expect(host.paths).toEqual(paths);
  });

  it('over the queue limit are an outage immediately, and no queued request loses its place', async () => {
    client = clientOf({ limits: { maxConcurrent: 1, maxQueued: 2, maxWaitMs: second } });
    const pages = ['/1', '/2', '/3'].map((path) => sendRequest(path));
    expect(await reasonOf(sendRequest('/4'))).toBe('Too many requests to the server are queued');
    expect(outcomes).toEqual(['queue-full']);
    for (let count = 1; count <= 3; count += 1) {
      await host.arrived(count);
      host.respondToFirst();
    }
    expect(await Promise.all(pages)).toEqual(['/1', '/2', '/3']);
  });

  it('that wait too long are an outage, and are not sent later', async () => {
    client = clientOf({ limits: { maxConcurrent: 1, maxQueued: 2, maxWaitMs: 5 * second } });
    const first = sendRequest('/1');
    const late = reasonOf(sendRequest('/2'));
    await host.arrived(1);
    time.advance(5 * second);
    expect(await late).toBe('The request waited too long in the queue');
    expect(outcomes).toEqual(['waited-too-long']);
    host.respondToFirst();
    await first;
    expect(host.paths).toEqual(['/1']);
  });
});

describe('a request', () => {
  it('is sent once for concurrent calls with the same key', async () => {
    const both = Promise.all([sendRequest('/a'), sendRequest('/a'), sendRequest('/b')]);
    await host.arrived(2);
    host.respondToFirst();
    host.respondToFirst();
    expect((await both).toSorted()).toEqual(['/a', '/a', '/b']);
    expect(host.paths.toSorted()).toEqual(['/a', '/b']);
    const again = sendRequest('/a');
    await host.arrived(3);
    host.respondToFirst();
    expect(await again).toBe('/a');
  });

  it('with a body is a POST with these headers', async () => {
    const response = sendRequest('/form', { body: 'a=1', headers: { 'x-own': 'yes' } });
    await host.arrived(1);
    const [{ request }] = host.open as [(typeof host.open)[number]];
    expect(request).toMatchObject({ method: 'POST', headers: { 'x-own': 'yes' } });
    expect(Buffer.concat(await request.toArray()).toString()).toBe('a=1');
    host.respondToFirst();
    await response;
  });

  it('is not sent to another origin', async () => {
    const other = await startHeldApplication();
    onTestFinished(other.close);
    await expect(client.send({ ...request('/'), url: other.url })).rejects.toThrow(
      'another origin',
    );
    expect(other.paths).toEqual([]);
  });

  it('reuses the previous connection', async () => {
    for (let count = 1; count <= 5; count += 1) {
      const response = sendRequest(`/${count}`);
      await host.arrived(count);
      host.respondToFirst();
      await response;
    }
    // A connection is free again shortly after its response.
    expect(host.connections()).toBeLessThan(5);
  });

  it('is repeated on a new connection if the application has closed the idle one', async () => {
    const { server, port } = await startClosingApplication();
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${port}`;
    client = clientOf({ origin });
    const first = await sendRequest('/', { url: new URL(origin) });
    const second = await sendRequest('/', { url: new URL(origin) });
    expect([first, second]).toEqual(['yes', 'yes']);
  });
});

describe('a response', () => {
  it.each([301, 302, 307, 308])('of status %i is not followed', async (status) => {
    const pending = reasonOf(sendRequest('/'));
    await host.arrived(1);
    host.open[0]!.response.writeHead(status, { location: '/elsewhere' }).end();
    expect(await pending).toBe(
      `it redirects (status ${status}), and Usher does not follow redirects`,
    );
    expect(host.paths).toEqual(['/']);
  });

  it('of more than 64 KB is an outage', async () => {
    const fits = sendRequest('/fits');
    await host.arrived(1);
    host.open.shift()!.response.end('x'.repeat(64 * 1024));
    expect(await fits).toHaveLength(64 * 1024);
    const pending = reasonOf(sendRequest('/'));
    await host.arrived(2);
    host.open[0]!.response.end('x'.repeat(64 * 1024 + 1));
    expect(await pending).toBe('The body is larger than 65536 bytes');
  });

  it('that cannot be parsed is an outage, and the next request is sent', async () => {
    const read = () => {
      throw new Error('not what was asked');
    };
    for (const count of [1, 2]) {
      const pending = reasonOf(sendRequest('/', { read }));
      await host.arrived(count);
      host.respondToFirst();
      expect(await pending).toBe('not what was asked');
    }
    expect(outcomes).toEqual(['invalid', 'invalid']);
  });

  it('that does not arrive is an outage for all calls with its key, and the next request is sent', async () => {
    client = clientOf({ limits: { ...applicationLimits, maxConcurrent: 1 } });
    const silent = reasonOf(sendRequest('/1', { silenceMs: second }));
    const unsent = reasonOf(sendRequest('/2', { silenceMs: second }));
    const next = sendRequest('/3', { silenceMs: 2 * second });
    await host.arrived(1);
    time.advance(second);
    expect(await silent).toBe('The server did not respond in time');
    expect(await unsent).toBe('The server did not respond in time');
    expect(outcomes.toSorted()).toEqual(['timeout', 'unresponsive']);
    await host.arrived(2);
    host.open.shift();
    host.respondToFirst();
    expect(await next).toBe('/3');
    expect(host.paths).toEqual(['/1', '/3']);
  });

  it('that arrives one byte at a time is an outage as well', async () => {
    const slowResponse = reasonOf(sendRequest('/', { silenceMs: second }));
    await host.arrived(1);
    host.open[0]!.response.write('{');
    time.advance(second);
    expect(await slowResponse).toBe('The server did not respond in time');
  });

  it('is awaited while the application responds to earlier requests', async () => {
    const slow = sendRequest('/slow', { silenceMs: second });
    await host.arrived(1);
    const [held] = host.open.splice(0);
    // Each of these was sent within a second of it.
    const others = Array.from({ length: 5 }, (_, i) => sendRequest(`/${i}`, { silenceMs: second }));
    await host.arrived(6);
    for (const other of others) {
      time.advance(0.9 * second);
      host.respondToFirst();
      await other.catch(() => undefined);
    }
    held!.response.end('at last');
    expect(await slow).toBe('at last');
    await Promise.all(others);
  });

  it('is not awaited after the application has responded to much later requests', async () => {
    const hanging = reasonOf(sendRequest('/hanging', { silenceMs: second }));
    await host.arrived(1);
    host.open.splice(0);
    for (let count = 2; count <= 6; count += 1) {
      const other = sendRequest(`/${count}`, { silenceMs: second });
      await host.arrived(count);
      host.respondToFirst();
      await other;
      time.advance(0.6 * second);
    }
    expect(await hanging).toBe('The server did not respond in time');
  });

  it('is not awaited longer than a page waits, even if the application responds to others', async () => {
    const hanging = reasonOf(sendRequest('/hanging', { silenceMs: 60 * second }));
    await host.arrived(1);
    time.advance(55 * second);
    expect(await hanging).toBe('The request took too long');
  });
});

/** An application that responds to the first request of each connection, and closes the connection when a second one arrives. */
async function startClosingApplication(): Promise<{
  readonly server: Server;
  readonly port: number;
}> {
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes');
      socket.once('data', () => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
