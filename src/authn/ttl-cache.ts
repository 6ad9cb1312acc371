import { createByAge } from '../runtime/lru-map.ts';

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
  const kept = createByAge<Kept<T>>();
  const isFull = (key: string): boolean =>
    kept.size() >= entries || kept.weight() + key.length > characters;

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
      kept.forgetWhile(() => isFull(key));
      kept.put(key, { answer, since: now(), lifetime }, key.length);
    },
  };
}
