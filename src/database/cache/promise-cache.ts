import { createLruMap } from '../../runtime/lru-map.ts';

/** A cache that loads each value once, even if many callers request it at the same time. */
export interface PromiseCache<Result> {
  /** Returns the cached or pending value of this key, otherwise the result of `load`. A rejection is not cached. */
  readonly getOrLoad: (key: string, load: () => Promise<Result>) => Promise<Result>;
  readonly clear: () => void;
}

/** Called for each lookup. */
export type OnCacheLookup = (isHit: boolean) => void;

export function createPromiseCache<Result>(
  maxEntries: number,
  onLookup: OnCacheLookup,
): PromiseCache<Result> {
  let cache = createLruMap<Promise<Result>>(maxEntries);
  return {
    getOrLoad: (key, load) => {
      const cached = cache.get(key);
      onLookup(cached !== undefined);
      if (cached !== undefined) return cached;
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
