import { createByAge } from '../core/by-age.ts';

/** Counts by key, each in windows of a minute. */
export interface Windows {
  /** Counts one more of this key; true for the first above the limit in its window, so that one excess is told once. */
  readonly exceeds: (key: string, now: number) => boolean;
}

const minute = 60_000;

/** Keys at once; beyond that the oldest window is forgotten, and its key begins a new one. */
const mostKeys = 100_000;

/** Creates counters of at most so many a minute and key. */
export function createWindows(most: number): Windows {
  const windows = createByAge<{ readonly until: number; count: number }>();
  const open = (key: string, now: number) => {
    const window = { until: now + minute, count: 0 };
    windows.put(key, window);
    return window;
  };
  return {
    exceeds: (key, now) => {
      windows.forgetWhile(({ until }) => until <= now || windows.size() >= mostKeys);
      const window = windows.get(key) ?? open(key, now);
      window.count += 1;
      return window.count === most + 1;
    },
  };
}
