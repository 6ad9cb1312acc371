import type { StartTimer } from './timer.ts';

/** How many may hold a permit, and how many may wait how long for one. */
export interface PermitSettings {
  readonly maxConcurrent: number;
  readonly maxQueued: number;
  readonly maxWaitMs: number;
}

export interface PermitRequest {
  /** At most `maxConcurrent`. */
  readonly permits: number;
  /** True if nobody waits for these permits any more. */
  readonly isAborted: () => boolean;
}

/** The result of waiting. An aborted request has waited too long. */
export type Acquired = 'acquired' | 'queue-full' | 'waited-too-long';

/** A limited number of permits, acquired in FIFO order. */
export interface Permits {
  readonly acquire: (request: PermitRequest) => Promise<Acquired>;
  readonly release: (permits: number) => void;
  readonly held: () => number;
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
    acquire: async (request) => {
      // Also queued behind a request that needs more permits than are free. Otherwise requests for few permits would
      // always overtake it.
      if (queued > 0 || !fits(request.permits)) {
        return queued < maxQueued ? enqueue(request) : 'queue-full';
      }
      held += request.permits;
      return 'acquired';
    },
    release: (permits) => {
      held -= permits;
      dispatch();
    },
    held: () => held,
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
