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
