import { LRUCache } from 'lru-cache';

/** A map with a maximum size; a full one evicts the least recently used entry. `peek` reads an entry without using it. */
export type LruMap<Value extends object | number> = LRUCache<string, Value>;

/** Creates such a map. `maxSize` in place of `max`, which allocates the memory of all entries at the start. */
export function createLruMap<Value extends object | number>(maxEntries: number): LruMap<Value> {
  return new LRUCache({ maxSize: maxEntries, sizeCalculation: () => 1 });
}

/** Evicts the least recently used entries until it reaches one that has not expired. */
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
