import { createLruMap, evictWhile } from '../runtime/lru-map.ts';

/** Counts by key, each in windows of a minute. */
export interface FixedWindow {
  /** Counts one more of this key; true once in its window, for the first above the limit. */
  readonly exceeds: (key: string, now: number) => boolean;
  /** Counts one more of this key; true while its window has no more than the limit. */
  readonly isWithin: (key: string, now: number) => boolean;
  /** Counts one less. Without a record of the excess, the next one above the limit is the first again. */
  readonly undo: (key: string, isWritten: boolean) => void;
}

const minuteMs = 60_000;

/** A window that is evicted starts again. */
const maxKeys = 100_000;

/** Creates counters of at most so many a minute and key. */
export function createFixedWindow(max: number): FixedWindow {
  const windows = createLruMap<{ readonly endsAt: number; count: number; isReported: boolean }>(
    maxKeys,
  );
  const open = (key: string, now: number) => {
    const window = { endsAt: now + minuteMs, count: 0, isReported: false };
    windows.set(key, window);
    return window;
  };
  const count = (key: string, now: number) => {
    evictWhile(windows, ({ endsAt }) => endsAt <= now);
    const window = windows.peek(key) ?? open(key, now);
    window.count += 1;
    return window;
  };
  return {
    exceeds: (key, now) => {
      const window = count(key, now);
      if (window.isReported || window.count <= max) return false;
      window.isReported = true;
      return true;
    },
    isWithin: (key, now) => count(key, now).count <= max,
    undo: (key, isWritten) => {
      const window = windows.peek(key);
      if (window === undefined) return;
      window.count -= 1;
      if (!isWritten) window.isReported = false;
    },
  };
}
