/** Remembers answers for a while, and no more of them than it may. */
export interface ShortMemory<T> {
  /** What was kept under this key and has not run out. */
  readonly find: (key: string) => T | undefined;
  /** Keeps an answer for so many milliseconds; when the memory is full, the oldest ones go. */
  readonly keep: (key: string, answer: T, lifetime: number) => void;
}

interface Kept<T> {
  readonly answer: T;
  readonly since: number;
  readonly lifetime: number;
}

/** What a memory is created with. */
export interface MemorySettings {
  /** Answers at most. */
  readonly entries: number;
  /** Characters that all keys together have at most; keys whose length is bounded otherwise need no such limit. */
  readonly characters?: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Creates a memory that holds as much as the settings allow. */
export function createShortMemory<T>(settings: MemorySettings): ShortMemory<T> {
  const { entries, characters = Infinity, now } = settings;
  const kept = new Map<string, Kept<T>>();
  // A Map gives its keys in the order in which they came. One iterator for good: a new one would pass by the places of
  // all that have gone, again and again. It never comes to its end, since it is asked only while there are keys.
  const oldest = kept.keys();
  let length = 0;

  const forget = (key: string): void => {
    if (kept.delete(key)) length -= key.length;
  };
  const isFull = (key: string): boolean =>
    kept.size > 0 && (kept.size >= entries || length + key.length > characters);

  return {
    find: (key) => {
      const entry = kept.get(key);
      if (entry === undefined) return undefined;
      const age = now() - entry.since;
      // A clock that was set back must not make an answer last.
      if (age >= 0 && age < entry.lifetime) return entry.answer;
      forget(key);
      return undefined;
    },
    keep: (key, answer, lifetime) => {
      forget(key);
      while (isFull(key)) forget(oldest.next().value ?? '');
      kept.set(key, { answer, since: now(), lifetime });
      length += key.length;
    },
  };
}
