import type { StartTimer, StopTimer } from '../runtime/timer.ts';

/** Watches the open requests to one server, and aborts those to which it will not respond. */
interface ResponseTimeouts {
  readonly watch: (silenceMs: number, giveUp: () => void) => Watched;
}

/** One open request. */
interface Watched {
  /** The server has responded to this request. */
  readonly responded: () => void;
  /** Stops watching; idempotent. */
  readonly stop: () => void;
}

/**
 * A request is given up if the application has responded to none for `silenceMs`, or has responded to one that was sent
 * `silenceMs` later. A fixed timeout would fail at a slow application with many requests in flight, although each would get
 * its response. Measured with timers only, so that a clock that is set has no effect.
 */
export function createResponseTimeouts(startTimer: StartTimer): ResponseTimeouts {
  let sent = 0;
  let responses = 0;
  let lastSentWithResponse = 0;
  return {
    watch: (silenceMs, giveUp) => {
      sent += 1;
      const own = sent;
      let firstLater: number | undefined;
      let stop: StopTimer;
      const wait = (): void => {
        const responsesBefore = responses;
        stop = startTimer(silenceMs, () => {
          const isSilent = responses === responsesBefore;
          const isOvertaken = firstLater !== undefined && lastSentWithResponse >= firstLater;
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
        responded: () => {
          responses += 1;
          lastSentWithResponse = Math.max(lastSentWithResponse, own);
        },
        stop: () => {
          stop();
        },
      };
    },
  };
}
