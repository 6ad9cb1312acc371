/** How often expired tickets are removed, in milliseconds. */
export const sweepInterval = 10 * 60 * 1000;

/** What sweeping needs. */
export interface SweepingPorts {
  /** Removes what is over, and says how many those were. */
  readonly sweep: (now: number) => Promise<number>;
  readonly now: () => number;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Sweeps at once and then every ten minutes, never twice at a time, until it is stopped; a failure waits for the next time. */
export function startSweeping({ sweep, now, log }: SweepingPorts): {
  /** Resolves when nothing is being swept any more. */
  readonly stop: () => Promise<void>;
} {
  let current = Promise.resolve();
  let isSweeping = false;
  const run = async (): Promise<void> => {
    isSweeping = true;
    try {
      await sweep(now());
    } catch (error) {
      log.warn({ err: error }, 'expired tickets could not be removed');
    }
    isSweeping = false;
  };
  const start = (): void => {
    if (!isSweeping) current = run();
  };
  start();
  // Nothing but the listeners keeps the process alive.
  const timer = setInterval(start, sweepInterval).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await current;
    },
  };
}
