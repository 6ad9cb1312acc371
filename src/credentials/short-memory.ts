/** Remembers answers for a few seconds, and no more of them than it may. */
export interface ShortMemory<T> {
  /** What was kept under this key and has not run out. */
  readonly find: (key: string) => T | undefined;
  /** Keeps an answer for so many milliseconds; when the memory is full, the oldest one goes. */
  readonly keep: (key: string, answer: T, lifetime: number) => void;
}

interface Kept<T> {
  readonly answer: T;
  readonly since: number;
  readonly lifetime: number;
}

/** Creates a memory of at most so many `entries`; `now` in milliseconds. */
export function createShortMemory<T>(settings: {
  readonly entries: number;
  readonly now: () => number;
}): ShortMemory<T> {
  const { entries, now } = settings;
  // A Map gives its keys in the order in which they came.
  const kept = new Map<string, Kept<T>>();
  return {
    find: (key) => {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      const age = now() - entry.since;
      // A clock that was set back must not make an answer last.
      if (age >= 0 && age < entry.lifetime) return entry.answer;
      kept.delete(key);
      return undefined;
    },
    keep: (key, answer, lifetime) => {
      kept.delete(key);
      const oldest = kept.size >= entries ? kept.keys().next().value : undefined;
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(key, { answer, since: now(), lifetime });
    },
  };
}
