import { startIntervalJob, type IntervalJob } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

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
