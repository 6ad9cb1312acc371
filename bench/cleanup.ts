/** What is to be undone when the run ends, however it ends. */
export interface Cleanup {
  readonly add: (undo: () => Promise<void> | void) => void;
  /** Undoes everything in reverse order. A failure is printed, and the others are still undone. */
  readonly run: () => Promise<void>;
  /** True once somebody pressed Ctrl-C. */
  readonly isInterrupted: () => boolean;
}

/** Creates the list of what is to be undone, at Ctrl-C too. */
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
  // Who reads our output may leave before us; that error would end us here and now, with everything left behind.
  process.stdout.on('error', () => undefined);
  return { add: (undo) => undos.push(undo), run, isInterrupted: () => interrupted };
}
