import type { StartTimer, StopTimer } from '../runtime/timer.ts';
import type { Limits, LimitRequest } from './limits.ts';

interface ConnectionRateLimiterDeps {
  readonly limits: Limits;
  /** Attempts per minute and address. */
  readonly perMinute: number;
  readonly startTimer: StartTimer;
}

/** Refunds an attempt after its client has authenticated. */
export type Refund = () => Promise<void>;

/**
 * Consumes a connection attempt of an address. The result is a refund, or the milliseconds until the next attempt of
 * the address is allowed.
 */
export type ConnectionRateLimiter = (address: string) => Promise<AcquireResult>;

type AcquireResult = { readonly refund: Refund } | { readonly retryAfterMs: number };

/**
 * Maximum wait for the refund of another attempt, in milliseconds. A refund takes a round trip to the client of that
 * attempt.
 */
const maxWaitMs = 5_000;

/**
 * Maximum number of queued attempts, in total and per address. The limit per address exceeds the people in any building.
 */
const maxQueued = { address: 1_000, all: 10_000 } as const;

/** Milliseconds between two polls for refunds of other replicas. */
const pollIntervalMs = 250;

interface Queue {
  /** In FIFO order. A waiter leaves the queue when it gets its result. */
  readonly waiters: Set<(attempt: AcquireResult) => void>;
  retryAfterMs: number;
  stopPolling: StopTimer;
}

/**
 * Creates the limit of connection attempts. An attempt is refunded after authentication, so only unauthenticated
 * attempts count. People in one building, who share an address and may connect at the same time, are queued for the refunds
 * of each other.
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

  /** Dispatches permitted attempts to the queue until the limit is exhausted. */
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
      // The last waiter may have timed out in the meantime.
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
    // New attempts are queued behind earlier ones, so that they cannot overtake them.
    const result = queue ? { retryAfterMs: queue.retryAfterMs } : await acquire(request);
    if ('refund' in result) return result;
    const isFull = (queues.get(address)?.waiters.size ?? 0) >= maxQueued.address;
    return isFull || waiting >= maxQueued.all ? result : enqueue(request, result.retryAfterMs);
  };
}
