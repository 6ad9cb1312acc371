import type { Clock } from './timer.ts';

/** The clock and timers of Node. */
export const systemClock: Clock = {
  now: Date.now,
  startTimer: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};
