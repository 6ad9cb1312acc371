import { startIntervalJob, type IntervalJob } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

/** Milliseconds between two checks of the parent process. */
const checkIntervalMs = 1_000;

/** The names of npm's scripts and commands that run Usher in the foreground. */
const foreground: readonly (string | undefined)[] = ['start', 'usher', 'npx'];

/** A process as it sees its parent: the id changes when the parent has ended. */
export type ProcessWithParent = Pick<NodeJS.Process, 'env' | 'ppid'>;

/**
 * Calls `onEnd` once when the npm that runs this process has ended, until it is stopped. A SIGKILL, or a signal that npm does
 * not pass on, would otherwise leave Usher and its database running without a terminal.
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
