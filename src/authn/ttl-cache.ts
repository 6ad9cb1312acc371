import { createLruMap } from '../runtime/lru-map.ts';

/** Remembers answers for a while, and no more of them than it may. */
export interface TtlCache<T> {
  /** What was kept under this key and has not run out. */
  readonly get: (key: string) => T | undefined;
  /** Keeps an answer for so many milliseconds; when the memory is full, the oldest ones go. */
  readonly set: (key: string, value: T, lifetimeMs: number) => void;
}

interface Entry<T> {
  readonly value: T;
  readonly storedAt: number;
  readonly lifetimeMs: number;
}

/** What a memory is created with. */
export interface TtlCacheSettings {
  /** Answers at most. */
  readonly maxEntries: number;
  /** Characters that all keys together have at most; keys whose length is bounded otherwise need no such limit. */
  readonly maxCharacters?: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Creates a memory that holds as much as the settings allow. */
export function createTtlCache<T>(settings: TtlCacheSettings): TtlCache<T> {
  const { maxEntries, maxCharacters = Infinity, now } = settings;
  const cached = createLruMap<Entry<T>>();
  const isFull = (key: string): boolean =>
    cached.size() >= maxEntries || cached.weight() + key.length > maxCharacters;

  return {
    get: (key) => {
      const entry = cached.get(key);
      if (entry === undefined) return undefined;
      const age = now() - entry.storedAt;
      // A clock that was set back must not make an answer last.
      if (age >= 0 && age < entry.lifetimeMs) return entry.value;
      cached.delete(key);
      return undefined;
    },
    set: (key, value, lifetimeMs) => {
      cached.delete(key);
      cached.evictWhile(() => isFull(key));
      cached.set(key, { value, storedAt: now(), lifetimeMs }, key.length);
    },
  };
}
