import type { Heap } from './heap.ts';
import { startRepeating, type Repeating } from './interval-job.ts';
import type { StartTimer } from './timer.ts';

/** Milliseconds between two looks at the heap. */
export const lookInterval = 5_000;

/** The share of the time in which a process that rests may be at work. */
const restingShare = 0.05;

/** Bytes that make a collection worth its while. */
const worthwhile = 16 * 1024 * 1024;

/**
 * Gives memory back after a storm: V8 collects when there is more to do, so a process that rests would keep the garbage of
 * its busiest minute. Looks every five seconds, until it is stopped.
 */
export function startGivingBack(heap: Heap, startTimer: StartTimer): Repeating {
  let enough = 0;
  let hasRested = false;
  return startRepeating(() => {
    const size = heap.size();
    const rests = heap.busyShare() < restingShare;
    if (rests && size >= enough) {
      heap.collect();
      const gave = size - heap.size();
      // V8 keeps the space for new objects until it has seen little use of it, so the first one after work says little.
      enough = hasRested && gave < worthwhile ? heap.size() + worthwhile : 0;
    }
    hasRested = rests;
    return Promise.resolve(lookInterval);
  }, startTimer);
}
