import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestProblem, retryAfter } from '../http/output/problem.ts';
import type { StartTimer } from '../runtime/timer.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route whose requests stay, such as WebSockets: they would keep the slots of all others. */
    slotless?: boolean;
    /** How many slots a request of this route takes; one, without. */
    slotsOf?: (request: FastifyRequest) => number;
  }
}

/** How much is taken on. */
export interface ConcurrencySettings {
  /** Slots: each is a channel that is decided, or another request. */
  readonly maxConcurrent: number;
  /** Requests. */
  readonly maxQueued: number;
  /** Milliseconds. */
  readonly maxWaitMs: number;
}

/**
 * At once: enough to fill the batches of the database, and few enough that none waits for its connections until it gives
 * them up. Waiting: everybody's channels after a restart of the Pusher server, 10,000 users with five each; with its socket
 * a request takes some 20 KB, so that is about a gigabyte. So long: two slow cores work all of them off in that time
 * (1,100 a second; measured were 2,270), and proxies give up after a minute. pusher-js waits for ever, and never asks again.
 */
export const concurrencySettings: ConcurrencySettings = {
  maxConcurrent: 256,
  maxQueued: 50_000,
  maxWaitMs: 45_000,
};

/** Seconds after which somebody who was turned away may come back. */
const comeBackAfter = 5;

/** The places in which requests are worked on. */
export interface ConcurrencyLimiter {
  /** Does this work when there are slots for it, in the order of asking; throws a 503 when there are none in time. */
  readonly run: <T>(work: () => Promise<T>, task: TaskOptions) => Promise<T>;
  /** How many works wait. */
  readonly queued: () => number;
}

/** What a work asks for. */
export interface TaskOptions {
  /** How many slots; all there are is enough for any work. */
  readonly permits: number;
  /** Whether nobody waits for it any more. */
  readonly isAborted: () => boolean;
}

interface Waiter extends TaskOptions {
  readonly isSettled: () => boolean;
  /** Tells whether there is a slot; false when it has been told before. */
  readonly settle: (isAcquired: boolean) => boolean;
}

/** Creates slots; `onShed` is called for each request that got none while its client waited. */
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
    // Also behind one for whom there are too few slots yet: else those who need few would come first for ever.
    if (queued > 0 || !fits(task.permits)) return queued < maxQueued && enqueue(task);
    running += task.permits;
    return true;
  };

  /** Hands free slots on to who waits longest and is still there. */
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
        // A client that hung up does not mean that the replica is overloaded.
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
 * Lets the handlers of all routes that are added from here on work in slots. Only the handlers: bodies have been read by
 * then, so a slow client keeps nobody waiting, and preflights are answered before.
 */
export function limitConcurrency(server: FastifyInstance, limiter: ConcurrencyLimiter): void {
  server.addHook('onRoute', (route) => {
    // A HEAD route has the handler of its GET route, in a slot already.
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

/** First in, first out. In two stacks, because shifting one long array moves all of it each time. */
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
