import type { StartTimer } from '../runtime/timer.ts';

/** Short waits that end early when Usher closes. */
export interface Pauses {
  /** Resolves after so many milliseconds, or as soon as Usher begins to close. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** How many are waiting. */
  readonly waiting: () => number;
}

/** Creates pauses with one listener for all of them: Node takes many on one signal for a leak. */
export function createPauses(startTimer: StartTimer, closing: AbortSignal): Pauses {
  const ends = new Set<() => void>();
  closing.addEventListener('abort', () => {
    for (const end of ends) end();
  });
  return {
    pause: (milliseconds) =>
      new Promise((resolve) => {
        const end = (): void => {
          stop();
          ends.delete(end);
          resolve();
        };
        const stop = startTimer(milliseconds, end);
        ends.add(end);
      }),
    waiting: () => ends.size,
  };
}
