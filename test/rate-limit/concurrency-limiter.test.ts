import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addChannelBatchAuth } from '../../src/http/routes/channel-batch-auth/route.ts';
import { createHeadersOf } from '../../src/http/input/auth-request.ts';
import {
  createConcurrencyLimiter,
  limitConcurrency,
} from '../../src/rate-limit/concurrency-limiter.ts';
import { createServer, addCors } from '../../src/http/server.ts';
import { createMemoryLimits } from '../../src/rate-limit/memory-limits.ts';
import { metric } from '../support/metrics.ts';
import type { PermitRequest } from '../../src/runtime/permits.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';
import { allowedOrigin, useUsher } from '../support/usher.ts';
import { send, userRequest } from '../http/requests.ts';
import { recordingDeps } from '../authorize/authorizing.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Two permits, a queue of three, and tasks that end when a test resolves them. */
function setUp() {
  const time = createTestClock(testNow);
  let shed = 0;
  const limiter = createConcurrencyLimiter(
    { maxConcurrent: 2, maxQueued: 3, maxWaitMs: 5_000 },
    { startTimer: time.clock.startTimer, onShed: () => (shed += 1) },
  );
  const running: { readonly name: string; readonly end: () => void }[] = [];
  const begin = (name: string, changes: Partial<PermitRequest> = {}) =>
    limiter
      .run(
        () =>
          new Promise<string>((resolve) =>
            running.push({
              name,
              end: () => {
                resolve(name);
              },
            }),
          ),
        { permits: 1, isAborted: () => false, ...changes },
      )
      .catch((error: unknown) => error);
  const end = async () => {
    running.shift()?.end();
    await settled();
  };
  const names = () => running.map(({ name }) => name);
  return { time, limiter, begin, end, names, shed: () => shed };
}

const rejected = { status: 503, headers: { 'retry-after': '5' } };

describe('permits', () => {
  it('do not count a client that disconnected in the queue as rejected', async () => {
    const { time, begin, shed } = setUp();
    void begin('a');
    void begin('b');
    const gone = begin('gone', { isAborted: () => true });
    const patient = begin('patient');
    await settled();
    time.advance(5_000);
    expect([await gone, await patient]).toMatchObject([rejected, rejected]);
    expect(shed()).toBe(1);
  });

  it('are limited, and assigned in FIFO order', async () => {
    const { limiter, begin, end, names } = setUp();
    const works = ['a', 'b', 'c', 'd', 'e'].map((name) => begin(name));
    await settled();
    expect([names(), limiter.queued()]).toEqual([['a', 'b'], 3]);
    await end();
    expect(names()).toEqual(['b', 'c']);
    await end();
    expect([names(), limiter.queued()]).toEqual([['c', 'd'], 1]);
    for (let i = 0; i < 3; i += 1) await end();
    expect(await Promise.all(works)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('are refused immediately over the queue limit, and to requests that waited too long', async () => {
    const { time, begin, end, names, shed } = setUp();
    const works = ['a', 'b', 'c', 'd', 'e'].map((name) => begin(name));
    await settled();
    expect(await begin('f')).toMatchObject(rejected);
    time.advance(4_999);
    await end();
    expect(names()).toEqual(['b', 'c']);
    time.advance(1);
    expect(await works[3]).toMatchObject(rejected);
    expect(await works[4]).toMatchObject(rejected);
    expect(shed()).toBe(3);
    await end();
    await end();
    void begin('g');
    await settled();
    expect(names()).toEqual(['g']);
    expect(time.waiting()).toBe(0);
  });

  it('are not assigned to a client that disconnected', async () => {
    const { begin, end, names } = setUp();
    void begin('a');
    void begin('b');
    const gone = begin('gone', { isAborted: () => true });
    void begin('c');
    await settled();
    await end();
    expect(names()).toEqual(['b', 'c']);
    expect(await gone).toMatchObject(rejected);
  });

  it('are reserved for a request that needs several, so that no later request overtakes it', async () => {
    const { limiter, begin, end, names } = setUp();
    const works = [begin('a'), begin('wide', { permits: 2 }), begin('b'), begin('c')];
    await settled();
    expect([names(), limiter.queued()]).toEqual([['a'], 3]);
    await end();
    expect(names()).toEqual(['wide']);
    await end();
    expect(names()).toEqual(['b', 'c']);
    await end();
    await end();
    expect(await Promise.all(works)).toEqual(['a', 'wide', 'b', 'c']);
  });

  it('suffice for a request of any size, and are released by an aborted one', async () => {
    const { time, begin, end, names } = setUp();
    void begin('wider than all', { permits: 100 });
    await settled();
    expect(names()).toEqual(['wider than all']);
    await end();
    void begin('a');
    void begin('b');
    const tired = begin('tired', { permits: 2 });
    time.advance(4_999);
    void begin('c');
    void begin('d');
    await settled();
    await end();
    expect(names()).toEqual(['b']);
    time.advance(1);
    expect(await tired).toMatchObject(rejected);
    await settled();
    expect(names()).toEqual(['b', 'c']);
    await end();
    expect(names()).toEqual(['c', 'd']);
  });

  it('are released after a failure', async () => {
    const { limiter, begin, names } = setUp();
    for (let i = 0; i < 5; i += 1) {
      const failing = limiter.run(() => Promise.reject(new Error('failed')), {
        permits: 1,
        isAborted: () => false,
      });
      await expect(failing).rejects.toThrow('failed');
    }
    void begin('a');
    void begin('b');
    await settled();
    expect(names()).toEqual(['a', 'b']);
  });
});

describe('permits of requests that wait for a server of the application', () => {
  const unending = () => new Promise<never>(() => undefined);
  const setUpRequests = () => {
    const time = createTestClock(testNow);
    const limiter = createConcurrencyLimiter(
      { maxConcurrent: 2, maxQueued: 3, maxWaitMs: 5_000 },
      { startTimer: time.clock.startTimer, onShed: () => undefined },
    );
    const run = (work: () => Promise<unknown>, permits = 1) => {
      const ran = limiter.run(work, { permits, isAborted: () => false });
      ran.catch(() => undefined);
      return ran;
    };
    return { ...time, limiter, run };
  };

  it('are released while the response is slow, and these requests count as queued', async () => {
    const { advance, limiter, run } = setUpRequests();
    for (let n = 0; n < 4; n += 1) void run(() => limiter.withLentPermit(unending));
    await settled();
    expect([limiter.lent(), limiter.queued()]).toEqual([0, 2]);
    advance(100);
    await settled();
    expect([limiter.lent(), limiter.queued()]).toEqual([2, 0]);
    void run(unending);
    expect(limiter.queued()).toBe(1);
    await expect(run(unending)).rejects.toMatchObject(rejected);
  });

  it('are kept while responses are fast', async () => {
    const { advance, limiter, run, waiting } = setUpRequests();
    let respondWith: () => void = () => undefined;
    const responded = new Promise<void>((resolve) => (respondWith = resolve));
    const request = run(() => limiter.withLentPermit(() => responded));
    await settled();
    advance(99);
    respondWith();
    await request;
    expect([limiter.lent(), waiting()]).toEqual([0, 0]);
  });

  it('are returned immediately, and new requests wait until few enough are in use', async () => {
    const { advance, limiter, run } = setUpRequests();
    let respondWith: () => void = () => undefined;
    const responded = new Promise<void>((resolve) => (respondWith = resolve));
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const sendRequest = () => limiter.withLentPermit(() => responded);
    const batch = run(async () => {
      await Promise.all([sendRequest(), sendRequest()]);
      await ended;
    }, 2);
    await settled();
    advance(100);
    const others = [run(() => ended), run(() => ended)];
    await settled();
    expect([limiter.lent(), limiter.queued()]).toEqual([2, 0]);
    respondWith();
    await settled();
    let hasStarted = false;
    const next = run(() => Promise.resolve((hasStarted = true)));
    await settled();
    expect([limiter.lent(), limiter.queued(), hasStarted]).toEqual([0, 1, false]);
    end();
    await Promise.all([batch, ...others, next]);
    expect(hasStarted).toBe(true);
  });

  it('are returned once if the request ends while it waits for the application', async () => {
    const { advance, limiter, run } = setUpRequests();
    let respondWith: () => void = () => undefined;
    const responded = new Promise<void>((resolve) => (respondWith = resolve));
    let fail: () => void = () => undefined;
    const failing = run(() => {
      void limiter.withLentPermit(() => responded);
      return new Promise((_resolve, reject) => {
        fail = () => {
          reject(new Error('failed'));
        };
      });
    });
    await settled();
    advance(100);
    fail();
    await expect(failing).rejects.toThrow('failed');
    respondWith();
    await settled();
    expect(limiter.lent()).toBe(0);
    const started: number[] = [];
    for (const n of [1, 2, 3]) void run(() => (started.push(n), unending()));
    await settled();
    expect(started).toEqual([1, 2]);
  });
});

describe('a server at its limits', () => {
  it('responds with CORS and Retry-After, handles preflights as usual, and reads bodies before it assigns a permit', async () => {
    const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
    onTestFinished(() => server.close());
    await addCors(server, {
      allowedOrigins: [allowedOrigin],
      limits: createMemoryLimits(() => testNow),
    });
    const { startTimer } = createTestClock(testNow).clock;
    const settings = { maxConcurrent: 1, maxQueued: 0, maxWaitMs: 5_000 };
    limitConcurrency(
      server,
      createConcurrencyLimiter(settings, { startTimer, onShed: () => undefined }),
    );
    let end: () => void = () => undefined;
    const working = new Promise<void>((resolve) => (end = resolve));
    server.post('/slow', () => working.then(() => 'done'));
    server.get('/quick', () => 'quick');
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const headers = { origin: allowedOrigin };

    // Its body never comes.
    const silent = connect(Number(new URL(address).port), '127.0.0.1');
    silent.write('POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n');
    await once(server.server, 'request');
    expect((await send(address, { method: 'GET', path: '/quick' })).status).toBe(200);
    expect((await send(address, { method: 'HEAD', path: '/quick' })).status).toBe(200);

    const slow = send(address, { path: '/slow', headers });
    await once(server.server, 'request');
    await settled();
    const full = await send(address, { method: 'GET', path: '/quick', headers });
    expect([full.status, full.body]).toMatchObject([
      503,
      { error: 'Service Unavailable', message: 'Too many requests are waiting' },
    ]);
    expect(full.headers.get('retry-after')).toBe('5');
    expect(full.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
    const preflight = await send(address, {
      method: 'OPTIONS',
      path: '/slow',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    end();
    expect((await slow).status).toBe(200);
    silent.destroy();
  });
});

describe('a batch', () => {
  it.each([
    [
      'a form',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'socket_id=1.2&channel_name[0]=private-a&channel_name[1]=private-b',
    ],
    [
      'JSON',
      { 'content-type': 'application/json' },
      '{"socket_id":"1.2","channel_name":["private-a","private-b"]}',
    ],
  ])('takes a permit for each of its channels: %s', async (_case, headers, body) => {
    const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
    onTestFinished(() => server.close());
    const taken: number[] = [];
    limitConcurrency(server, {
      run: (work, { permits }) => (taken.push(permits), work()),
    });
    addChannelBatchAuth(server, {
      ...recordingDeps({ measure: () => Promise.resolve(new Map() as never) }).deps,
      sign: () => ({ auth: '' }),
      credentialsOf: () => [],
      headersOf: createHeadersOf([]),
      countFailure: () => Promise.resolve(),
      countUnavailable: () => undefined,
    });
    const response = await server.inject({
      method: 'POST',
      url: '/pusher/auth/batch',
      headers,
      body,
    });
    expect(response.statusCode).toBe(200);
    expect(taken[0]).toBeGreaterThanOrEqual(2);
  });
});

describe('many concurrent requests', () => {
  const usher = useUsher();

  it('two thousand at once all get successful responses', async () => {
    const changes = Array.from({ length: 2_000 }, () => send(usher.public, userRequest()));
    const alive = await send(usher.operator, { method: 'GET', path: '/livez' });
    expect(alive.status).toBe(200);
    expect(new Set((await Promise.all(changes)).map(({ status }) => status))).toEqual(
      new Set([200]),
    );
    const { text } = await send(usher.operator, { method: 'GET', path: '/metrics' });
    expect(metric(text, 'usher_requests_waiting')).toBe(0);
    expect(metric(text, 'usher_requests_shed_total')).toBe(0);
  });
});
