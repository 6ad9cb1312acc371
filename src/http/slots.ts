import type { FastifyInstance } from 'fastify';
import type { StartTimer } from '../core/timer.ts';
import { RequestProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route whose requests stay, such as WebSockets: they would keep the slots of all others. */
    slotless?: boolean;
  }
}

/** How much is taken on. */
export interface SlotSettings {
  /** Requests that are worked on at once. */
  readonly mostAtOnce: number;
  readonly mostWaiting: number;
  /** Milliseconds. */
  readonly longestWait: number;
}

/**
 * At once: enough to fill the batches of the database, and few enough that none waits for its connections until it gives
 * them up. Waiting: everybody's channels after a restart of the Pusher server, 10,000 users with five each; with its socket
 * a request takes some 20 KB, so that is about a gigabyte. So long: two slow cores work all of them off in that time
 * (1,100 a second; measured were 2,270), and proxies give up after a minute. pusher-js waits for ever, and never asks again.
 */
export const slotSettings: SlotSettings = {
  mostAtOnce: 256,
  mostWaiting: 50_000,
  longestWait: 45_000,
};

/** Seconds after which somebody who was turned away may come back. */
const retryAfter = 5;

/** The places in which requests are worked on. */
export interface Slots {
  /** Does this work when there is a slot, in the order of asking; throws a 503 when there is none in time. */
  readonly run: <T>(work: () => Promise<T>, isGone: () => boolean) => Promise<T>;
  readonly waiting: () => number;
}

interface Waiter {
  readonly isGone: () => boolean;
  /** Tells whether there is a slot; false when it has been told before. */
  readonly tell: (hasSlot: boolean) => boolean;
}

/** Creates slots; `onShed` is told of each request that got none. */
export function createSlots(
  { mostAtOnce, mostWaiting, longestWait }: SlotSettings,
  { startTimer, onShed }: { readonly startTimer: StartTimer; readonly onShed: () => void },
): Slots {
  const queue = createQueue<Waiter>();
  let working = 0;
  let waiting = 0;

  const wait = (isGone: () => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      let isTold = false;
      const tell = (hasSlot: boolean): boolean => {
        if (isTold) return false;
        isTold = true;
        stop();
        waiting -= 1;
        resolve(hasSlot);
        return hasSlot;
      };
      const stop = startTimer(longestWait, () => {
        tell(false);
      });
      waiting += 1;
      queue.push({ isGone, tell });
    });

  const take = async (isGone: () => boolean): Promise<boolean> => {
    if (working >= mostAtOnce) return waiting < mostWaiting && wait(isGone);
    working += 1;
    return true;
  };

  /** Hands the slot on to who waits longest and is still there. */
  const release = (): void => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.tell(!next.isGone())) return;
    }
    working -= 1;
  };

  return {
    run: async (work, isGone) => {
      if (!(await take(isGone))) {
        onShed();
        throw new RequestProblem(503, 'Too many requests are waiting', retryAfter);
      }
      try {
        return await work();
      } finally {
        release();
      }
    },
    waiting: () => waiting,
  };
}

/**
 * Lets the handlers of all routes that are added from here on work in slots. Only the handlers: bodies have been read by
 * then, so a slow client keeps nobody waiting, and preflights are answered before.
 */
export function workInSlots(server: FastifyInstance, slots: Slots): void {
  server.addHook('onRoute', (route) => {
    // A HEAD route has the handler of its GET route, in a slot already.
    if (route.config?.slotless === true || route.method === 'HEAD') return;
    const { handler } = route;
    route.handler = function (request, reply) {
      const work = () => Promise.resolve(handler.call(this, request, reply));
      return slots.run(work, () => request.raw.socket.destroyed);
    };
  });
}

/** First in, first out. In two stacks, because shifting one long array moves all of it each time. */
function createQueue<T>(): {
  readonly push: (item: T) => void;
  readonly shift: () => T | undefined;
} {
  let coming: T[] = [];
  let going: T[] = [];
  return {
    push: (item) => {
      coming.push(item);
    },
    shift: () => {
      if (going.length === 0) [coming, going] = [going, coming.reverse()];
      return going.pop();
    },
  };
}
