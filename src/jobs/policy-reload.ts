import type { CurrentPolicy } from '../policy/current-policy.ts';
import { startIntervalJob, type IntervalJob } from '../runtime/interval-job.ts';
import type { Clock } from '../runtime/timer.ts';

/**
 * Milliseconds between two reads of the policy files. Watching the files would miss changes: Kubernetes replaces the symbolic
 * link of a ConfigMap.
 */
export const policyIntervalMs = 2_000;

/** Reloads the policy when its files change. */
export function startPolicyReload(
  { reload }: Pick<CurrentPolicy, 'reload'>,
  { startTimer }: Pick<Clock, 'startTimer'>,
): IntervalJob {
  return startIntervalJob(async () => {
    await reload();
    return policyIntervalMs;
  }, startTimer);
}
