import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/** Milliseconds between two looks at the files with secrets. */
export const secretIntervalMs = 2_000;

/** Reads the files with secrets when they change. `reload` must not throw. */
export function startSecretReload(
  { reload }: { readonly reload: () => Promise<void> },
  { startTimer }: Pick<Clock, 'startTimer'>,
): IntervalJob {
  return startIntervalJob(async () => {
    await reload();
    return secretIntervalMs;
  }, startTimer);
}
