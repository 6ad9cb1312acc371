import { createPermits, type Acquired, type PermitSettings } from './permits.ts';
import type { StartTimer, StopTimer } from './timer.ts';

/** Why a request got no response: it was not sent, or the server did not respond. */
export type NoResponseReason = Exclude<Acquired, 'acquired'> | 'unresponsive';

/** A request failed, in the queue or after it was sent. */
export class NoResponse extends Error {
  override readonly name = 'NoResponse';
  readonly reason: NoResponseReason;

  constructor(reason: NoResponseReason) {
    super(messages[reason]);
    this.reason = reason;
  }
}

const messages: Readonly<Record<NoResponseReason, string>> = {
  'queue-full': 'Too many requests to the server are queued',
  'waited-too-long': 'The request waited too long in the queue',
  unresponsive: 'The server did not respond in time',
};

/** The queue of one server: a limited number of requests is sent at once, and the others wait in FIFO order while it responds. */
interface RequestQueue {
  /**
   * Throws `NoResponse` if the server has responded to no request for `silenceMs` since this request was queued, or if it
   * is not sent. A request in flight keeps its place until it ends.
   */
  readonly run: <T>(request: () => Promise<T>, silenceMs: number) => Promise<T>;
  /** Call it when the server has responded to a request. */
  readonly responded: () => void;
  readonly queued: () => number;
  readonly inFlight: () => number;
}

/**
 * Queued: the visitors of all pages after a restart of the Pusher server; one needs about a kilobyte besides its request.
 * Wait: proxies time out after a minute, and pusher-js does not retry.
 */
export const queueLimits = { maxQueued: 50_000, maxWaitMs: 45_000 } as const;

export function createRequestQueue(limits: PermitSettings, startTimer: StartTimer): RequestQueue {
  const permits = createPermits(limits, startTimer);
  let responses = 0;

  /** Runs `giveUp` when the server has responded to no request for this time. */
  const watchSilence = (silenceMs: number, giveUp: () => void): StopTimer => {
    let stop: StopTimer;
    const watch = (): void => {
      const responsesBefore = responses;
      stop = startTimer(silenceMs, () => {
        if (responses === responsesBefore) giveUp();
        else watch();
      });
    };
    watch();
    return () => {
      stop();
    };
  };

  const runInTurn = async <T>(request: () => Promise<T>, isGivenUp: () => boolean): Promise<T> => {
    const turn = await permits.acquire({ permits: 1, isAborted: isGivenUp });
    if (turn !== 'acquired') throw new NoResponse(turn);
    try {
      // Its turn may come at the same time as the timeout.
      if (isGivenUp()) throw new NoResponse('unresponsive');
      return await request();
    } finally {
      permits.release(1);
    }
  };

  return {
    run: (request, silenceMs) =>
      new Promise((resolve, reject) => {
        let isGivenUp = false;
        const stop = watchSilence(silenceMs, () => {
          isGivenUp = true;
          reject(new NoResponse('unresponsive'));
        });
        void runInTurn(request, () => isGivenUp)
          .then(resolve, reject)
          .finally(stop);
      }),
    responded: () => {
      responses += 1;
    },
    queued: permits.queued,
    inFlight: permits.held,
  };
}
