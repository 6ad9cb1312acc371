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
  const windows = new Map<string, { readonly until: number; count: number }>();
  /** Windows begin one after the other, so the first that still runs ends the search. */
  const forget = (now: number): void => {
    for (const [key, { until }] of windows) {
      if (until > now && windows.size < mostKeys) return;
      windows.delete(key);
    }
  };
  return {
    exceeds: (key, now) => {
      forget(now);
      const window = windows.get(key) ?? { until: now + minute, count: 0 };
      windows.set(key, window);
      window.count += 1;
      return window.count === most + 1;
    },
  };
}
