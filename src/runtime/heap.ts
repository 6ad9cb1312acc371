import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The heap of a process, as far as somebody must know it who gives it back. */
export interface Heap {
  /** Bytes that are taken from the system, garbage and free space included. */
  readonly size: () => number;
  /** The share of the time since it was last asked in which the process was at work, from 0 to 1. */
  readonly utilization: () => number;
  /** Removes all garbage at once and gives its space back; some 100 ms in which nothing else is done. */
  readonly collect: () => void;
}

/**
 * Keeps this process's heap near what lives in it. Call it before the work begins, since code that is optimized by then
 * stays as it is.
 */
export function limitHeap(): void {
  // V8 has concluded from the first burst that audit rows grow old, and made all later ones where only a full collection
  // finds them: 20 MB of garbage a second.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // Otherwise the heap may grow to four times what lives in it. At a fifth more, a storm took a quarter more processor time.
  setFlagsFromString('--heap-growing-percent=50');
  // A collection while nobody asks would find no decision alive, and V8 throw away what it knows of their shapes with all
  // code that it has optimized for them: the next burst would begin at half its speed.
  setFlagsFromString('--retain-maps-for-n-gc=1000000');
  setFlagsFromString('--no-flush-bytecode');
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
      // The function is in contexts that are made from here on, and none is made but this.
      const flags = ['expose-gc', 'compact-on-every-full-gc'];
      for (const flag of flags) setFlagsFromString(`--${flag}`);
      runInNewContext('gc()');
      for (const flag of flags) setFlagsFromString(`--no-${flag}`);
    },
  };
}
