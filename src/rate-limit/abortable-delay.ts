import type { StartTimer } from '../runtime/timer.ts';

/** Short delays that end early when Usher closes. */
export interface Pauses {
  /** Resolves after this number of milliseconds, or as soon as Usher begins to close. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** The number of pending delays. */
  readonly waiting: () => number;
}

/** Creates delays with one shared listener: Node.js reports many listeners on one signal as a memory leak. */
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
