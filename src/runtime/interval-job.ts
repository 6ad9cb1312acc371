import type { StartTimer, StopTimer } from './timer.ts';

/** Something that is done again and again. */
export interface IntervalJob {
  /** Resolves when nothing is being done any more, and nothing will be. */
  readonly stop: () => Promise<void>;
}

/** Does something now, and again so many milliseconds after each time as that time says, until it is stopped. It must not reject. */
export function startIntervalJob(task: () => Promise<number>, startTimer: StartTimer): IntervalJob {
  let isStopped = false;
  let stopTimer: StopTimer = () => undefined;
  const run = async (): Promise<void> => {
    const delayMs = await task();
    if (isStopped) return;
    stopTimer = startTimer(delayMs, () => {
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
