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
export interface SlotSettings {
  /** Slots: each is a channel that is decided, or another request. */
  readonly mostAtOnce: number;
  /** Requests. */
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
const comeBackAfter = 5;

/** The places in which requests are worked on. */
export interface Slots {
  /** Does this work when there are slots for it, in the order of asking; throws a 503 when there are none in time. */
  readonly run: <T>(work: () => Promise<T>, asked: Asked) => Promise<T>;
  /** How many works wait. */
  readonly waiting: () => number;
}

/** What a work asks for. */
export interface Asked {
  /** How many slots; all there are is enough for any work. */
  readonly slots: number;
  /** Whether nobody waits for it any more. */
  readonly isGone: () => boolean;
}

interface Waiter extends Asked {
  readonly isTold: () => boolean;
  /** Tells whether there is a slot; false when it has been told before. */
  readonly tell: (hasSlot: boolean) => boolean;
}

/** Creates slots; `onShed` is called for each request that got none while its client waited. */
export function createSlots(
  { mostAtOnce, mostWaiting, longestWait }: SlotSettings,
  { startTimer, onShed }: { readonly startTimer: StartTimer; readonly onShed: () => void },
): Slots {
  const queue = createQueue<Waiter>();
  let working = 0;
  let waiting = 0;

  const fits = (count: number): boolean => working + count <= mostAtOnce;

  const wait = (asked: Asked): Promise<boolean> =>
    new Promise((resolve) => {
      let isTold = false;
      const tell = (hasSlots: boolean): boolean => {
        if (isTold) return false;
        isTold = true;
        stop();
        waiting -= 1;
        resolve(hasSlots);
        return hasSlots;
      };
      const stop = startTimer(longestWait, () => {
        tell(false);
        handOn();
      });
      waiting += 1;
      queue.push({ ...asked, isTold: () => isTold, tell });
    });

  const take = async (asked: Asked): Promise<boolean> => {
    // Also behind one for whom there are too few slots yet: else those who need few would come first for ever.
    if (waiting > 0 || !fits(asked.slots)) return waiting < mostWaiting && wait(asked);
    working += asked.slots;
    return true;
  };

  /** Hands free slots on to who waits longest and is still there. */
  const handOn = (): void => {
    for (let next = queue.first(); next !== undefined; next = queue.first()) {
      if (!next.isTold() && !fits(next.slots)) return;
      queue.shift();
      if (next.tell(!next.isGone())) working += next.slots;
    }
  };

  return {
    run: async (work, { isGone, slots }) => {
      const asked = { isGone, slots: Math.min(slots, mostAtOnce) };
      if (!(await take(asked))) {
        // A client that hung up does not mean that the replica is overloaded.
        if (!asked.isGone()) onShed();
        throw new RequestProblem(503, 'Too many requests are waiting', retryAfter(comeBackAfter));
      }
      try {
        return await work();
      } finally {
        working -= asked.slots;
        handOn();
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
    const { handler, config } = route;
    route.handler = function (request, reply) {
      const work = () => Promise.resolve(handler.call(this, request, reply));
      return slots.run(work, {
        slots: config?.slotsOf?.(request) ?? 1,
        isGone: () => request.raw.socket.destroyed,
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
  let coming: T[] = [];
  let going: T[] = [];
  const turn = (): void => {
    if (going.length === 0) [coming, going] = [going, coming.reverse()];
  };
  return {
    push: (item) => {
      coming.push(item);
    },
    first: () => {
      turn();
      return going.at(-1);
    },
    shift: () => {
      turn();
      going.pop();
    },
  };
}
