import { LRUCache } from 'lru-cache';

/** A cache whose entries expire, with a maximum size. */
export interface TtlCache<T> {
  /** The value of this key, unless it has expired. */
  readonly get: (key: string) => T | undefined;
  /** Stores a value for so many milliseconds; a full cache evicts the entries that were stored first. */
  readonly set: (key: string, value: T, lifetimeMs: number) => void;
}

interface Entry<T> {
  readonly value: T;
  readonly storedAt: number;
  readonly lifetimeMs: number;
}

export interface TtlCacheSettings {
  readonly maxEntries: number;
  /** Characters of all keys together; not needed if the length of keys is bounded otherwise. */
  readonly maxCharacters?: number;
  /** In milliseconds. */
  readonly now: () => number;
}

/** Creates an empty cache. `ttl` of `lru-cache` is not used: with a clock that was set back its entries would live longer. */
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
