import type { Heap } from './heap.ts';
import { startIntervalJob, type IntervalJob } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

/** The interval between two checks of the heap, in milliseconds. */
export const checkIntervalMs = 5_000;

/** The maximum event loop utilization of an idle process. */
const maxIdleUtilization = 0.05;

/** The minimum number of reclaimable bytes for a collection. */
const minReclaimableBytes = 16 * 1024 * 1024;

/**
 * Returns memory to the system while the process is idle (decision 0019).
 * Otherwise V8 would keep the garbage of the busiest minute until the next load. Checks every five seconds until it is
 * stopped.
 */
export function startIdleGc(heap: Heap, startTimer: StartTimer): IntervalJob {
  let enough = 0;
  let wasIdle = false;
  return startIntervalJob(() => {
    const size = heap.size();
    const isIdle = heap.utilization() < maxIdleUtilization;
    if (isIdle && size >= enough) {
      heap.collect();
      const freed = size - heap.size();
      // V8 does not shrink the new space before it is almost unused, so the first collection after a load frees little.
      enough = wasIdle && freed < minReclaimableBytes ? heap.size() + minReclaimableBytes : 0;
    }
    wasIdle = isIdle;
    return Promise.resolve(checkIntervalMs);
  }, startTimer);
}
