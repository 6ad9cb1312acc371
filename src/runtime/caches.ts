import { LRUCache } from 'lru-cache';

/**
 * A map with a maximum size. A full map evicts the least recently used entry. `peek` reads an entry without marking it
 * as used.
 */
export type LruMap<Value extends object | number> = LRUCache<string, Value>;

/**
 * Creates an empty map. It uses `maxSize` instead of `max`, which would allocate the memory of all entries at the
 * start.
 */
export function createLruMap<Value extends object | number>(maxEntries: number): LruMap<Value> {
  return new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
}

/** Evicts the least recently used entries up to the first one that has not expired. */
export function evictWhile<Value extends object | number>(
  map: LruMap<Value>,
  isExpired: (value: Value) => boolean,
): void {
  for (;;) {
    const { value: oldest } = map.rvalues().next();
    if (oldest === undefined || !isExpired(oldest)) return;
    map.pop();
  }
}

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

interface TtlCacheSettings {
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

/** A cache that loads each value once, even if many callers request it at the same time. */
interface PromiseCache<Result> {
  /** Returns the cached or pending value of this key, otherwise the result of `load`. A rejection is not cached. */
  readonly getOrLoad: (key: string, load: () => Promise<Result>) => Promise<Result>;
  readonly clear: () => void;
}

/** The lookups of a cache, counted by their result. */
export interface CacheLookups {
  hits: number;
  misses: number;
}

export function createPromiseCache<Result>(
  maxEntries: number,
  lookups: CacheLookups,
): PromiseCache<Result> {
  let cache = createLruMap<Promise<Result>>(maxEntries);
  return {
    getOrLoad: (key, load) => {
      const cached = cache.get(key);
      if (cached !== undefined) {
        lookups.hits += 1;
        return cached;
      }
      lookups.misses += 1;
      const value = load();
      cache.set(key, value);
      value.catch(() => {
        if (cache.peek(key) === value) cache.delete(key);
      });
      return value;
    },
    clear: () => {
      // Not `clear` of the map, which takes time for each entry.
      cache = createLruMap(maxEntries);
    },
  };
}

/** Copies a text that becomes a key. A substring of a request body would keep the whole body in memory. */
export function copyText(text: string): string {
  return Buffer.from(text).toString();
}
