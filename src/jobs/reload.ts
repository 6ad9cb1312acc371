import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/**
 * Milliseconds between two reads of files. Watching them would miss changes: Kubernetes replaces the symbolic link of a
 * ConfigMap or a Secret.
 */
export const reloadIntervalMs = 2_000;

/** Reloads the policy, or secrets in files, when the files change. `reload` must not throw. */
export function startReload(
  { reload }: { readonly reload: () => Promise<unknown> },
  { startTimer }: Pick<Clock, 'startTimer'>,
): IntervalJob {
  return startIntervalJob(async () => {
    await reload();
    return reloadIntervalMs;
  }, startTimer);
}
