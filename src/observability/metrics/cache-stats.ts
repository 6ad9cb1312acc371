/** Hits and misses of a cache. Two numbers instead of a metric, since each decision updates them. */
export interface CacheStats {
  readonly count: (isHit: boolean) => void;
  readonly read: () => { readonly hits: number; readonly misses: number };
}

export function createCacheStats(): CacheStats {
  let hits = 0;
  let misses = 0;
  return {
    count: (isHit) => {
      if (isHit) hits += 1;
      else misses += 1;
    },
    read: () => ({ hits, misses }),
  };
}
