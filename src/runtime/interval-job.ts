import type { StartTimer, StopTimer } from './timer.ts';

/** A repeated task. */
export interface IntervalJob {
  /** Stops the job. Resolves when the current run has finished. */
  readonly stop: () => Promise<void>;
}

/**
 * Runs a task now and repeats it until it is stopped. Each run resolves to the delay before the next one, in
 * milliseconds. The task must not reject.
 */
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
