import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startIntervalJob, type IntervalJob } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

/** The heap of a process. */
interface Heap {
  /** Returns the allocated bytes, including garbage and free space. */
  readonly size: () => number;
  /** Returns the event loop utilization since the last call, from 0 to 1. */
  readonly utilization: () => number;
  /** Runs a full collection and returns the memory to the system. Blocks the process for some 100 ms. */
  readonly collect: () => void;
}

/**
 * Limits the garbage in the heap of this process, and so its peak (decision 0019). Call it at
 * startup, because code that is already optimized does not change afterwards.
 */
export function limitHeap(): void {
  // Without this flag, V8 would allocate all audit rows in the old space after the first burst. Only a full collection
  // frees them there.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Without this flag, the heap may grow to four times the size of its live objects. A tighter limit costs
  // much more CPU time.
  setFlagsFromString('--heap-growing-percent=50');
  // A collection while the process is idle would discard object shapes and optimized code, which makes the first
  // seconds after a pause slower (decision 0019).
  setFlagsFromString('--retain-maps-for-n-gc=1000000');
  setFlagsFromString('--no-flush-bytecode');
}

export function createProcessHeap(): Heap {
  let before = performance.eventLoopUtilization();
  return {
    size: () => getHeapStatistics().total_heap_size,
    utilization: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    collect: () => {
      // Only contexts that are created after this call have the function, and no other API provides it.
      const flags = ['expose-gc', 'compact-on-every-full-gc'];
      for (const flag of flags) setFlagsFromString(`--${flag}`);
      runInNewContext('gc()');
      for (const flag of flags) setFlagsFromString(`--no-${flag}`);
    },
  };
}

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
