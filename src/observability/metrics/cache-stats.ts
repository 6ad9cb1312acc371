/** How often a memory was asked, and knew. */
export interface CacheStats {
  readonly count: (isHit: boolean) => void;
  readonly read: () => { readonly hits: number; readonly misses: number };
}

/** Creates an account of lookups: two numbers, because it is asked with every decision. */
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
