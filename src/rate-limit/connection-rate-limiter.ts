import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { Limits, LimitRequest } from './limits.ts';

/** Where attempts to connect are counted. */
export interface ConnectionRateLimiterDeps {
  readonly limits: Limits;
  /** Attempts a minute and address. */
  readonly perMinute: number;
  readonly startTimer: StartTimer;
}

/** Gives an attempt back, once its holder proved who they are. */
export type Refund = () => Promise<void>;

/** Counts an attempt to connect from an address: it may go on, or its address may try again after so many milliseconds. */
export type ConnectionRateLimiter = (address: string) => Promise<AcquireResult>;

type AcquireResult = { readonly refund: Refund } | { readonly retryAfterMs: number };

/** How long an attempt waits for another's to be given back, in milliseconds; that takes a round trip to its client. */
const maxWaitMs = 5_000;

/** Attempts that wait at once: of one address, more than the guests of any hotel, and of all. */
const maxQueued = { address: 1_000, all: 10_000 } as const;

/** Milliseconds between two looks for what another replica was given back. */
const pollIntervalMs = 250;

interface Queue {
  /** In the order in which they came; each leaves when it is told what became of it. */
  readonly waiters: Set<(attempt: AcquireResult) => void>;
  retryAfterMs: number;
  stopPolling: StopTimer;
}

/**
 * Creates the limit of attempts to connect. Who proved who they are has their attempt back, so only those who have not
 * are few; the guests of a hotel, who come at once and share an address, wait a moment for each other.
 */
export function createConnectionRateLimiter({
  limits,
  perMinute,
  startTimer,
}: ConnectionRateLimiterDeps): ConnectionRateLimiter {
  const queues = new Map<string, Queue>();
  let waiting = 0;

  const acquire = async (request: LimitRequest): Promise<AcquireResult> => {
    const consumed = await limits.consume([request]);
    if ('exceeded' in consumed) return { retryAfterMs: consumed.retryAfterMs };
    const refund = async () => {
      await limits.refund(request);
      await serve(request);
    };
    return { refund };
  };

  /** Lets in who waits until there is nothing left to take. */
  const serve = async (request: LimitRequest): Promise<void> => {
    for (
      let queue = queues.get(request.key);
      queue !== undefined;
      queue = queues.get(request.key)
    ) {
      const result = await acquire(request);
      if ('retryAfterMs' in result) {
        queue.retryAfterMs = result.retryAfterMs;
        return;
      }
      const [first] = queue.waiters;
      // The last one may have given up in the meantime.
      if (first === undefined) await result.refund();
      else first(result);
    }
  };

  const openQueue = (request: LimitRequest, retryAfterMs: number): Queue => {
    const queue: Queue = { waiters: new Set(), retryAfterMs, stopPolling: () => undefined };
    const pollLater = (): void => {
      queue.stopPolling = startTimer(pollIntervalMs, () => {
        pollLater();
        void serve(request);
      });
    };
    pollLater();
    queues.set(request.key, queue);
    return queue;
  };

  const enqueue = (request: LimitRequest, retryAfterMs: number): Promise<AcquireResult> =>
    new Promise((resolve) => {
      const queue = queues.get(request.key) ?? openQueue(request, retryAfterMs);
      const dequeue = (result: AcquireResult): void => {
        stop();
        waiting -= 1;
        queue.waiters.delete(dequeue);
        if (queue.waiters.size === 0) {
          queue.stopPolling();
          queues.delete(request.key);
        }
        resolve(result);
      };
      const stop = startTimer(maxWaitMs, () => {
        dequeue({ retryAfterMs: queue.retryAfterMs });
      });
      waiting += 1;
      queue.waiters.add(dequeue);
    });

  return async (address) => {
    const request: LimitRequest = { limit: 'connections', key: address, perMinute };
    const queue = queues.get(address);
    // Behind those who wait already, or the last to come would be the first.
    const result = queue ? { retryAfterMs: queue.retryAfterMs } : await acquire(request);
    if ('refund' in result) return result;
    const isFull = (queues.get(address)?.waiters.size ?? 0) >= maxQueued.address;
    return isFull || waiting >= maxQueued.all ? result : enqueue(request, result.retryAfterMs);
  };
}
