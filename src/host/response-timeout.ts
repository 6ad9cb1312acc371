import type { StartTimer, StopTimer } from '../runtime/timer.ts';

/** Watches the open requests to one server, and aborts those to which it will not respond. */
export interface ResponseTimeouts {
  readonly watch: (silenceMs: number, giveUp: () => void) => Watched;
}

/** One open request. */
export interface Watched {
  /** The server has responded to this request. */
  readonly answered: () => void;
  /** Stops watching; idempotent. */
  readonly stop: () => void;
}

/**
 * A question is given up if the host has answered none at all for `silenceMs`, or has answered one that was sent
 * `silenceMs` later. A fixed timeout would fail at a slow host with many questions under way, although each would be
 * answered in its turn. Measured with timers only, so that a clock that is set has no effect.
 */
export function createResponseTimeouts(startTimer: StartTimer): ResponseTimeouts {
  let sent = 0;
  let answers = 0;
  let lastSentOfAnswered = 0;
  return {
    watch: (silenceMs, giveUp) => {
      sent += 1;
      const own = sent;
      let firstLater: number | undefined;
      let stop: StopTimer;
      const wait = (): void => {
        const answersBefore = answers;
        stop = startTimer(silenceMs, () => {
          const isSilent = answers === answersBefore;
          const isOvertaken = firstLater !== undefined && lastSentOfAnswered >= firstLater;
          if (isSilent || isOvertaken) {
            giveUp();
            return;
          }
          firstLater ??= sent + 1;
          wait();
        });
      };
      wait();
      return {
        answered: () => {
          answers += 1;
          lastSentOfAnswered = Math.max(lastSentOfAnswered, own);
        },
        stop: () => {
          stop();
        },
      };
    },
  };
}
