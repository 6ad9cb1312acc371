import type { StartTimer } from './timer.ts';

/**
 * Sends a request to a server of the application. After a short time the permit of the caller is lent to others until the response,
 * so that a server that is slow or hangs delays no request that does not need it.
 */
export type WithLentPermit = <T>(request: () => Promise<T>) => Promise<T>;

/** For work without permits: commands, and WebSockets. */
export const withoutPermit: WithLentPermit = (request) => request();

/** The maximum number of held permits, and the maximum length and time of the queue. */
export interface PermitSettings {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly maxWaitMs: number;
}

export interface PermitRequest {
  /** At most `maxConcurrent`. */
  readonly permits: number;
  /** True if the permits are no longer needed. */
  readonly isAborted: () => boolean;
}

/** The result of waiting. An aborted request has waited too long. */
export type Acquired = 'acquired' | 'queue-full' | 'waited-too-long';

/** A limited number of permits, acquired in FIFO order. */
interface Permits {
  readonly acquire: (request: PermitRequest) => Acquired | Promise<Acquired>;
  readonly release: (permits: number) => void;
  /** Lends one held permit to others. A request that lends counts as a queued one. */
  readonly lend: () => void;
  /**
   * Takes a lent permit back at once, even if more than `maxConcurrent` are held then: requests with several permits that
   * waited for each other's would wait forever.
   */
  readonly takeBack: () => void;
  readonly held: () => number;
  readonly lent: () => number;
  readonly queued: () => number;
}

interface Waiter extends PermitRequest {
  readonly isSettled: () => boolean;
  /** Settles the request. Returns true if it has now acquired its permits; false if it was settled before. */
  readonly settle: (result: Acquired) => boolean;
}

export function createPermits(
  { maxConcurrent, maxQueued, maxWaitMs }: PermitSettings,
  startTimer: StartTimer,
): Permits {
  const queue = createQueue<Waiter>();
  let held = 0;
  let queued = 0;
  let lent = 0;

  const fits = (count: number): boolean => held + count <= maxConcurrent;

  const enqueue = ({ permits, isAborted }: PermitRequest): Promise<Acquired> =>
    new Promise((resolve) => {
      let isSettled = false;
      const settle = (result: Acquired): boolean => {
        if (isSettled) return false;
        isSettled = true;
        stop();
        queued -= 1;
        resolve(result);
        return result === 'acquired';
      };
      const stop = startTimer(maxWaitMs, () => {
        settle('waited-too-long');
        dispatch();
      });
      queued += 1;
      queue.push({ permits, isAborted, isSettled: () => isSettled, settle });
    });

  /** Assigns free permits to the first request in the queue that is not aborted. */
  const dispatch = (): void => {
    for (let next = queue.first(); next !== undefined; next = queue.first()) {
      if (!next.isSettled() && !fits(next.permits)) return;
      queue.shift();
      if (next.settle(next.isAborted() ? 'waited-too-long' : 'acquired')) held += next.permits;
    }
  };

  return {
    acquire: (request) => {
      // Also queued behind a request that needs more permits than are free. Otherwise requests for few permits would
      // always overtake it.
      if (queued > 0 || !fits(request.permits)) {
        return queued + lent < maxQueued ? enqueue(request) : 'queue-full';
      }
      held += request.permits;
      return 'acquired';
    },
    release: (permits) => {
      held -= permits;
      dispatch();
    },
    lend: () => {
      lent += 1;
      held -= 1;
      dispatch();
    },
    takeBack: () => {
      lent -= 1;
      held += 1;
    },
    held: () => held,
    lent: () => lent,
    queued: () => queued,
  };
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
