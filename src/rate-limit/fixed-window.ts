import { createLruMap, evictWhile } from '../runtime/caches.ts';

/** Counts events by key, in fixed windows of a minute. */
interface FixedWindow {
  /** Counts one event of this key. Returns true once per window, for the first event above the limit. */
  readonly exceeds: (key: string, now: number) => boolean;
  /** Counts one event of this key. Returns true if its window is within the limit. */
  readonly isWithin: (key: string, now: number) => boolean;
  /** Undoes one event. If the exceeded limit was not written, the next event above the limit is reported again. */
  readonly undo: (key: string, isWritten: boolean) => void;
}

const minuteMs = 60_000;

/** Maximum number of keys. An evicted window starts again. */
const maxKeys = 100_000;

/** Creates counters with this maximum per minute and key. */
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
