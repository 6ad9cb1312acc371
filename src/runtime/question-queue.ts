import { createPermits, type Acquired, type PermitSettings } from './permits.ts';
import type { StartTimer, StopTimer } from './timer.ts';

/** Why a request got no response: it was not sent, or the server did not respond. */
export type UnansweredReason = Exclude<Acquired, 'acquired'> | 'silent';

/** A request failed, in the queue or after it was sent. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly reason: UnansweredReason;

  constructor(reason: UnansweredReason) {
    super(messages[reason]);
    this.reason = reason;
  }
}

const messages: Readonly<Record<UnansweredReason, string>> = {
  'queue-full': 'Too many requests to the server are queued',
  'waited-too-long': 'The request waited too long in the queue',
  silent: 'The server did not answer in time',
};

/** Asks one server, a limited number of questions at once. Further ones wait in FIFO order, as long as it answers. */
export interface QuestionQueue {
  /**
   * Throws `Unanswered` if the server has answered nothing at all for `silenceMs` since this question was asked, or if its turn
   * does not come. A question under way keeps its place until it ends.
   */
  readonly ask: <T>(question: () => Promise<T>, silenceMs: number) => Promise<T>;
  /** The server has answered a question. */
  readonly answered: () => void;
  readonly waiting: () => number;
  readonly underWay: () => number;
}

/**
 * Queued: the visitors of all pages after a restart of the Pusher server; one needs about a kilobyte besides its request.
 * Wait: proxies time out after a minute, and pusher-js does not retry.
 */
export const queueLimits = { maxQueued: 50_000, maxWaitMs: 45_000 } as const;

export function createQuestionQueue(limits: PermitSettings, startTimer: StartTimer): QuestionQueue {
  const permits = createPermits(limits, startTimer);
  let answers = 0;

  /** Runs `giveUp` when the server has answered nothing for this time. */
  const watchSilence = (silenceMs: number, giveUp: () => void): StopTimer => {
    let stop: StopTimer;
    const watch = (): void => {
      const answersBefore = answers;
      stop = startTimer(silenceMs, () => {
        if (answers === answersBefore) giveUp();
        else watch();
      });
    };
    watch();
    return () => {
      stop();
    };
  };

  const askInTurn = async <T>(question: () => Promise<T>, isGivenUp: () => boolean): Promise<T> => {
    const turn = await permits.acquire({ permits: 1, isAborted: isGivenUp });
    if (turn !== 'acquired') throw new Unanswered(turn);
    try {
      // Its turn may come together with the silence.
      if (isGivenUp()) throw new Unanswered('silent');
      return await question();
    } finally {
      permits.release(1);
    }
  };

  return {
    ask: (question, silenceMs) =>
      new Promise((resolve, reject) => {
        let isGivenUp = false;
        const stop = watchSilence(silenceMs, () => {
          isGivenUp = true;
          reject(new Unanswered('silent'));
        });
        void askInTurn(question, () => isGivenUp)
          .then(resolve, reject)
          .finally(stop);
      }),
    answered: () => {
      answers += 1;
    },
    waiting: permits.queued,
    underWay: permits.held,
  };
}
