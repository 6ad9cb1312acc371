import type { Clock } from './timer.ts';

/** The real time, as it comes into the application. */
export const systemClock: Clock = {
  now: Date.now,
  startTimer: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};
