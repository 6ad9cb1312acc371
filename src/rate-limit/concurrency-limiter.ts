import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestProblem, retryAfter } from '../http/output/problem.ts';
import type { StartTimer } from '../runtime/timer.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for long-lived requests such as WebSockets, which would occupy all permits. */
    slotless?: boolean;
    /** The number of permits for a request of this route; one by default. */
    slotsOf?: (request: FastifyRequest) => number;
  }
}

/** The limits of concurrent and queued requests. */
export interface ConcurrencySettings {
  /** Permits. A request needs one for each channel to authorize, and any other request needs one. */
  readonly maxConcurrent: number;
  /** Requests. */
  readonly maxQueued: number;
  /** Milliseconds. */
  readonly maxWaitMs: number;
}

/**
 * Concurrent: enough to fill the batches of the database, and few enough that none waits for a database connection
 * until the timeout. Queued: the channels of all users after a restart of the Pusher server, 10,000 users with five
 * channels each. A request with its socket needs about 20 KB, so that is about a gigabyte. Wait: two slow cores process
 * a full queue in this time (1,100 requests per second; measured were 2,270), and proxies time out after a minute.
 * pusher-js has no timeout and does not retry.
 */
export const concurrencySettings: ConcurrencySettings = {
  maxConcurrent: 256,
  maxQueued: 50_000,
  maxWaitMs: 45_000,
};

/** `Retry-After` of a rejected request, in seconds. */
const comeBackAfter = 5;

/** Limits the number of requests that are processed at the same time. */
export interface ConcurrencyLimiter {
  /** Runs this work when its permits are available, in FIFO order. Throws a 503 if they are not available in time. */
  readonly run: <T>(work: () => Promise<T>, task: TaskOptions) => Promise<T>;
  /** The number of queued tasks. */
  readonly queued: () => number;
}

/** The options of a task. */
export interface TaskOptions {
  /** The number of permits; more than `maxConcurrent` counts as `maxConcurrent`. */
  readonly permits: number;
  /** Returns true if the client has disconnected. */
  readonly isAborted: () => boolean;
}

interface Waiter extends TaskOptions {
  readonly isSettled: () => boolean;
  /**
   * Settles the task, with or without its permits. Returns true if it has now acquired them; false if it was settled
   * before.
   */
  readonly settle: (isAcquired: boolean) => boolean;
}

/**
 * Creates a concurrency limiter. `onShed` is called for each request that got no permits while its client was
 * connected.
 */
export function createConcurrencyLimiter(
  { maxConcurrent, maxQueued, maxWaitMs }: ConcurrencySettings,
  { startTimer, onShed }: { readonly startTimer: StartTimer; readonly onShed: () => void },
): ConcurrencyLimiter {
  const queue = createQueue<Waiter>();
  let running = 0;
  let queued = 0;

  const fits = (count: number): boolean => running + count <= maxConcurrent;

  const enqueue = (task: TaskOptions): Promise<boolean> =>
    new Promise((resolve) => {
      let isSettled = false;
      const settle = (isAcquired: boolean): boolean => {
        if (isSettled) return false;
        isSettled = true;
        stop();
        queued -= 1;
        resolve(isAcquired);
        return isAcquired;
      };
      const stop = startTimer(maxWaitMs, () => {
        settle(false);
        dispatch();
      });
      queued += 1;
      queue.push({ ...task, isSettled: () => isSettled, settle });
    });

  const acquire = async (task: TaskOptions): Promise<boolean> => {
    // Also queued behind a task that needs more permits than are free. Otherwise tasks with few permits would always
    // overtake it.
    if (queued > 0 || !fits(task.permits)) return queued < maxQueued && enqueue(task);
    running += task.permits;
    return true;
  };

  /** Assigns free permits to the first task in the queue that is not aborted. */
  const dispatch = (): void => {
    for (let next = queue.first(); next !== undefined; next = queue.first()) {
      if (!next.isSettled() && !fits(next.permits)) return;
      queue.shift();
      if (next.settle(!next.isAborted())) running += next.permits;
    }
  };

  return {
    run: async (work, { isAborted, permits }) => {
      const task = { isAborted, permits: Math.min(permits, maxConcurrent) };
      if (!(await acquire(task))) {
        // A request whose client disconnected does not indicate an overload.
        if (!task.isAborted()) onShed();
        throw new RequestProblem(503, 'Too many requests are waiting', retryAfter(comeBackAfter));
      }
      try {
        return await work();
      } finally {
        running -= task.permits;
        dispatch();
      }
    },
    queued: () => queued,
  };
}

/**
 * Limits the handlers of all routes that are added after this call. Only handlers need permits: bodies are read before,
 * so a slow client occupies no permit, and preflights are answered before.
 */
export function limitConcurrency(server: FastifyInstance, limiter: ConcurrencyLimiter): void {
  server.addHook('onRoute', (route) => {
    // A HEAD route calls the handler of its GET route, which acquires the permits.
    if (route.config?.slotless === true || route.method === 'HEAD') return;
    const { handler, config } = route;
    route.handler = function (request, reply) {
      const work = () => Promise.resolve(handler.call(this, request, reply));
      return limiter.run(work, {
        permits: config?.slotsOf?.(request) ?? 1,
        isAborted: () => request.raw.socket.destroyed,
      });
    };
  });
}

/** Creates a FIFO queue from two stacks, because `shift` of a long array moves all its items. */
function createQueue<T>(): {
  readonly push: (item: T) => void;
  readonly first: () => T | undefined;
  readonly shift: () => void;
} {
  let incoming: T[] = [];
  let outgoing: T[] = [];
  const turn = (): void => {
    if (outgoing.length === 0) [incoming, outgoing] = [outgoing, incoming.reverse()];
  };
  return {
    push: (item) => {
      incoming.push(item);
    },
    first: () => {
      turn();
      return outgoing.at(-1);
    },
    shift: () => {
      turn();
      outgoing.pop();
    },
  };
}
