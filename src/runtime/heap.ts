import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The heap of a process. */
export interface Heap {
  /** Bytes taken from the system, garbage and free space included. */
  readonly size: () => number;
  /** The share of the time since the last call in which the event loop was busy, from 0 to 1. */
  readonly utilization: () => number;
  /** Runs a full collection and returns the memory to the system; blocks the process for some 100 ms. */
  readonly collect: () => void;
}

/**
 * Limits the garbage in the heap of this process: the peak is 164 in place of 212 MB (decision 0019). Call it before the work
 * begins, because optimized code does not change afterwards.
 */
export function limitHeap(): void {
  // After the first burst V8 would allocate all audit rows in the old space, where only a full collection finds them.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Otherwise the heap may grow to four times its live objects. At a fifth, a storm took a quarter more CPU time.
  setFlagsFromString('--heap-growing-percent=50');
}

/** The heap of this process. */
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
      // Only contexts created from here on have the function, and there is no other.
      const flags = ['expose-gc', 'compact-on-every-full-gc'];
      for (const flag of flags) setFlagsFromString(`--${flag}`);
      runInNewContext('gc()');
      for (const flag of flags) setFlagsFromString(`--no-${flag}`);
    },
  };
}
