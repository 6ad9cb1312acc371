import type { Heap } from './heap.ts';
import { startIntervalJob, type IntervalJob } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

/** Milliseconds between two looks at the heap. */
export const checkIntervalMs = 5_000;

/** The share of the time in which a process that rests may be at work. */
const maxIdleUtilization = 0.05;

/** Bytes that make a collection worth its while. */
const minReclaimableBytes = 16 * 1024 * 1024;

/**
 * Gives memory back after a storm: V8 collects when there is more to do, so a process that rests would keep the garbage of
 * its busiest minute. Looks every five seconds, until it is stopped.
 */
export function startIdleGc(heap: Heap, startTimer: StartTimer): IntervalJob {
  let enough = 0;
  let wasIdle = false;
  return startIntervalJob(() => {
    const size = heap.size();
    const isIdle = heap.utilization() < maxIdleUtilization;
    if (isIdle && size >= enough) {
      heap.collect();
      const gave = size - heap.size();
      // V8 keeps the space for new objects until it has seen little use of it, so the first one after work says little.
      enough = wasIdle && gave < minReclaimableBytes ? heap.size() + minReclaimableBytes : 0;
    }
    wasIdle = isIdle;
    return Promise.resolve(checkIntervalMs);
  }, startTimer);
}
