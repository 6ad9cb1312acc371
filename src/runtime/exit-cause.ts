import type { StartTimer } from './timer.ts';
import { startIntervalJob, type IntervalJob } from './interval-job.ts';

/** The reason to exit: a signal, or the end of the process that started this one. */
export type Cause = NodeJS.Signals | 'npm ended' | 'primary process ended';

/** Signals within this time count as one: after Ctrl-C the terminal and npm both send one. */
const sameSignalMs = 1_000;

/** A terminal sends SIGHUP when it is closed. Without a terminal, SIGHUP reloads the policy, as in other services. */
const isInTerminal = process.stdout.isTTY;

const exitSignals: readonly NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGINT'] as const),
  ...(isInTerminal ? (['SIGHUP'] as const) : []),
];

export interface ExitCause {
  /** Resolves with the first cause. A signal after that ends the process at once. */
  readonly cause: Promise<Cause>;
  /** Exits for this cause. */
  readonly end: (cause: Cause) => void;
  /** Stops the check of the parent process. */
  readonly stop: () => Promise<void>;
}

/** Waits for a reason to exit. Call it before anything is started: process 1 of a container ignores signals without a handler. */
export function watchExitCause(startTimer: StartTimer): ExitCause {
  let end: (cause: Cause) => void = () => undefined;
  const cause = new Promise<Cause>((resolve) => (end = resolve));
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    firstAt ??= performance.now();
    end(signal);
    if (performance.now() - firstAt < sameSignalMs) return;
    for (const each of exitSignals) process.off(each, onSignal);
    process.kill(process.pid, signal);
  };
  for (const signal of exitSignals) process.on(signal, onSignal);
  const { stop } = watchNpmParent(process, startTimer, () => {
    end('npm ended');
  });
  return { cause, end, stop };
}

/** Calls a function at each SIGHUP, unless Usher runs in a terminal. Without a handler SIGHUP would end the process. */
export function onReloadSignal(reload: () => void): void {
  if (!isInTerminal) process.on('SIGHUP', reload);
}

/** The interval between two checks of the parent process, in milliseconds. */
const checkIntervalMs = 1_000;

/** The npm scripts and commands that run Usher in the foreground. */
const foreground: readonly (string | undefined)[] = ['start', 'usher', 'npx'];

/** The parent of a process. `ppid` changes when the parent has ended. */
export type ProcessWithParent = Pick<NodeJS.Process, 'env' | 'ppid'>;

/**
 * Calls `onEnd` once when the npm process that runs this process has ended. Checks until it is stopped. Otherwise,
 * after a SIGKILL of npm or a signal that npm does not forward, Usher and its database would keep running without a
 * terminal.
 */
export function watchNpmParent(
  self: ProcessWithParent,
  startTimer: StartTimer,
  onEnd: () => void,
): IntervalJob {
  if (!foreground.includes(self.env['npm_lifecycle_event'])) {
    return { stop: () => Promise.resolve() };
  }
  const parent = self.ppid;
  let hasEnded = false;
  return startIntervalJob(() => {
    if (!hasEnded && self.ppid !== parent) {
      hasEnded = true;
      onEnd();
    }
    return Promise.resolve(checkIntervalMs);
  }, startTimer);
}
