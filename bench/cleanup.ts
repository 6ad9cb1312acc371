/** Functions to run at the end of the run, including after an error or a signal. */
export interface Cleanup {
  readonly add: (undo: () => Promise<void> | void) => void;
  /** Runs all functions in reverse order. Prints errors and continues. */
  readonly run: () => Promise<void>;
  /** True after SIGINT, SIGTERM or SIGHUP. */
  readonly isInterrupted: () => boolean;
}

/** Creates an empty list, which also runs at SIGINT, SIGTERM and SIGHUP. */
export function createCleanup(): Cleanup {
  const undos: (() => Promise<void> | void)[] = [];
  let running: Promise<void> | undefined;
  let interrupted = false;
  const undoAll = async () => {
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      try {
        await undo();
      } catch (error) {
        console.error('Could not clean up:', error);
      }
    }
  };
  const run = () => (running ??= undoAll());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      interrupted = true;
      void run().then(() => process.exit(130));
    });
  }
  // A reader of the output may exit first. An unhandled EPIPE would end the process without cleaning up.
  process.stdout.on('error', () => undefined);
  return { add: (undo) => undos.push(undo), run, isInterrupted: () => interrupted };
}
