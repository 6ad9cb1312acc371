import { LRUCache } from 'lru-cache';

/** A cache with a maximum size whose entries expire. */
export interface TtlCache<T> {
  /** Returns the value of this key. Returns `undefined` if there is none or if it has expired. */
  readonly get: (key: string) => T | undefined;
  /** Stores a value for this time. A full cache evicts the oldest entries. */
  readonly set: (key: string, value: T, lifetimeMs: number) => void;
}

interface Entry<T> {
  readonly value: T;
  readonly storedAt: number;
  readonly lifetimeMs: number;
}

export interface TtlCacheSettings {
  readonly maxEntries: number;
  /** The maximum number of characters of all keys together. Not needed if the length of keys is limited otherwise. */
  readonly maxCharacters?: number;
  /** Returns the time in milliseconds. */
  readonly now: () => number;
}

/**
 * Creates an empty cache. It does not use `ttl` of `lru-cache`, whose entries would live longer after the clock was set
 * back.
 */
export function createTtlCache<T>(settings: TtlCacheSettings): TtlCache<T> {
  const { maxEntries, maxCharacters = Number.MAX_SAFE_INTEGER, now } = settings;
  const entries = new LRUCache<string, Entry<T>>({
    maxSize: maxCharacters,
    sizeCalculation: (_entry, key) => key.length,
  });
  return {
    get: (key) => {
      const entry = entries.peek(key);
      if (entry === undefined) return undefined;
      const age = now() - entry.storedAt;
      if (age >= 0 && age < entry.lifetimeMs) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set: (key, value, lifetimeMs) => {
      entries.delete(key);
      if (entries.size >= maxEntries) entries.pop();
      entries.set(key, { value, storedAt: now(), lifetimeMs });
    },
  };
}
