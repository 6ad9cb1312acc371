import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestProblem, retryAfter } from '../http/output/problem.ts';
import {
  createPermits,
  type PermitRequest,
  type PermitSettings,
  type WithLentPermit,
} from '../runtime/permits.ts';
import type { StartTimer } from '../runtime/timer.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for long-lived requests such as WebSockets, which would occupy all permits. */
    withoutPermit?: boolean;
    /** The number of permits for a request of this route; one by default. */
    permitsOf?: (request: FastifyRequest) => number;
  }
}

/**
 * Concurrent: enough to fill the batches of the database, and few enough that none waits for a database connection
 * until the timeout. Queued: the channels of all users after a restart of the Pusher server, 10,000 users with five
 * channels each. A request with its socket needs about 20 KB, so that is about a gigabyte. Wait: two slow cores process
 * a full queue in this time (1,100 requests per second; measured were 2,270), and proxies time out after a minute.
 * pusher-js has no timeout and does not retry.
 */
export const concurrencySettings: PermitSettings = {
  maxConcurrent: 256,
  maxQueued: 50_000,
  maxWaitMs: 45_000,
};

/**
 * The time after which the permit is lent if a server of the application has not responded, in
 * milliseconds. Longer than responses take at full load: otherwise the number of requests that are processed at once would hardly be limited.
 */
const lendAfterMs = 100;

/** `Retry-After` of a rejected request, in seconds. */
const retryAfterSeconds = 5;

/** Limits the number of requests that are processed at the same time. */
interface ConcurrencyLimiter {
  /** Runs this work when its permits are available, in FIFO order. Throws a 503 if they are not available in time. */
  readonly run: <T>(work: () => Promise<T>, task: PermitRequest) => Promise<T>;
  /** Sends a request to the application during work that this limiter runs. */
  readonly withLentPermit: WithLentPermit;
  /** The number of queued tasks. */
  readonly queued: () => number;
  /** The number of tasks that wait for a server of the application and have lent their permit. */
  readonly lent: () => number;
}

/**
 * Creates a concurrency limiter. `onShed` is called for each request that got no permits while its client was
 * connected.
 */
export function createConcurrencyLimiter(
  settings: PermitSettings,
  { startTimer, onShed }: { readonly startTimer: StartTimer; readonly onShed: () => void },
): ConcurrencyLimiter {
  const permits = createPermits(settings, startTimer);
  return {
    run: async (work, { isAborted, permits: needed }) => {
      const request = { isAborted, permits: Math.min(needed, settings.maxConcurrent) };
      if ((await permits.acquire(request)) !== 'acquired') {
        // A request whose client disconnected does not indicate an overload.
        if (!isAborted()) onShed();
        throw new RequestProblem(
          503,
          'Too many requests are waiting',
          retryAfter(retryAfterSeconds),
        );
      }
      try {
        return await work();
      } finally {
        permits.release(request.permits);
      }
    },
    withLentPermit: async (request) => {
      let takeBack = (): void => undefined;
      const stop = startTimer(lendAfterMs, () => {
        permits.lend();
        takeBack = permits.takeBack;
      });
      try {
        return await request();
      } finally {
        stop();
        takeBack();
      }
    },
    queued: permits.queued,
    lent: permits.lent,
  };
}

/**
 * Limits the handlers of all routes that are added after this call. Only handlers need permits: bodies are read before,
 * so a slow client occupies no permit, and preflights need none.
 */
export function limitConcurrency(
  server: FastifyInstance,
  limiter: Pick<ConcurrencyLimiter, 'run'>,
): void {
  server.addHook('onRoute', (route) => {
    // A HEAD route calls the handler of its GET route, which acquires the permits.
    if (route.config?.withoutPermit === true || route.method === 'HEAD') return;
    const { handler, config } = route;
    route.handler = function (request, reply) {
      const work = () => Promise.resolve(handler.call(this, request, reply));
      return limiter.run(work, {
        permits: config?.permitsOf?.(request) ?? 1,
        isAborted: () => request.raw.socket.destroyed,
      });
    };
  });
}
