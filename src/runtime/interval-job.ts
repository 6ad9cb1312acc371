import type { StartTimer, StopTimer } from './timer.ts';

/** Something that is done again and again. */
export interface Repeating {
  /** Resolves when nothing is being done any more, and nothing will be. */
  readonly stop: () => Promise<void>;
}

/** Does something now, and again so many milliseconds after each time as that time says, until it is stopped. It must not reject. */
export function startRepeating(doOnce: () => Promise<number>, startTimer: StartTimer): Repeating {
  let isStopped = false;
  let stopTimer: StopTimer = () => undefined;
  const run = async (): Promise<void> => {
    const pause = await doOnce();
    if (isStopped) return;
    stopTimer = startTimer(pause, () => {
      current = run();
    });
  };
  let current = run();
  return {
    stop: async () => {
      isStopped = true;
      stopTimer();
      await current;
    },
  };
}
