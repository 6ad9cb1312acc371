/** The functions of the platform; tests pass their own. */
export interface Environment {
  readonly fetch: typeof fetch;
  /** Milliseconds of a clock. */
  readonly now: () => number;
  /** From 0 to 1, exclusive. */
  readonly random: () => number;
  /** Calls `run` after these milliseconds, unless the returned function is called before. */
  readonly startTimer: (milliseconds: number, run: () => void) => () => void;
}

export const browser: Environment = {
  fetch: (...request) => fetch(...request),
  now: Date.now,
  random: Math.random,
  startTimer: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};
