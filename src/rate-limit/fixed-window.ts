import { createByAge } from '../runtime/lru-map.ts';

/** Counts by key, each in windows of a minute. */
export interface Windows {
  /** Counts one more of this key; true once in its window, for the first above the limit. */
  readonly exceeds: (key: string, now: number) => boolean;
  /** Counts one more of this key; true while its window has no more than the limit. */
  readonly isWithin: (key: string, now: number) => boolean;
  /** Counts one less. Without a record of the excess, the next one above the limit is the first again. */
  readonly takeBack: (key: string, isOnRecord: boolean) => void;
}

const minute = 60_000;

/** Keys at once; beyond that the oldest window is forgotten, and its key begins a new one. */
const mostKeys = 100_000;

/** Creates counters of at most so many a minute and key. */
export function createWindows(most: number): Windows {
  const windows = createByAge<{ readonly until: number; count: number; isTold: boolean }>();
  const open = (key: string, now: number) => {
    const window = { until: now + minute, count: 0, isTold: false };
    windows.put(key, window);
    return window;
  };
  const count = (key: string, now: number) => {
    windows.forgetWhile(({ until }) => until <= now || windows.size() >= mostKeys);
    const window = windows.get(key) ?? open(key, now);
    window.count += 1;
    return window;
  };
  return {
    exceeds: (key, now) => {
      const window = count(key, now);
      if (window.isTold || window.count <= most) return false;
      window.isTold = true;
      return true;
    },
    isWithin: (key, now) => count(key, now).count <= most,
    takeBack: (key, isOnRecord) => {
      const window = windows.get(key);
      if (window === undefined) return;
      window.count -= 1;
      if (!isOnRecord) window.isTold = false;
    },
  };
}
