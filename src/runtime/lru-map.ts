/** Values by key, in the order in which they were put. */
export interface LruMap<Value> {
  readonly get: (key: string) => Value | undefined;
  /** Keeps a value as the youngest, instead of what was there under this key. */
  readonly set: (key: string, value: Value, weight?: number) => void;
  readonly delete: (key: string) => void;
  /** Forgets the oldest, one after the other, until one is not over. */
  readonly evictWhile: (isExpired: (value: Value) => boolean) => void;
  readonly size: () => number;
  /** Of all values together. */
  readonly weight: () => number;
}

interface Entry<Value> {
  readonly key: string;
  value: Value;
  weight: number;
  older: Entry<Value> | undefined;
  younger: Entry<Value> | undefined;
}

/**
 * Creates a map that has its oldest entry at hand, however many there are. A plain `Map` keeps the order too, but each key
 * that is put anew leaves a gap, and whoever looks for the first one passes by all gaps: 6 µs a decision with 10,000 keys.
 * An iterator that stays where it was keeps all that has gone since then in memory.
 */
export function createLruMap<Value>(): LruMap<Value> {
  const entries = new Map<string, Entry<Value>>();
  let oldest: Entry<Value> | undefined;
  let youngest: Entry<Value> | undefined;
  let total = 0;

  const link = (entry: Entry<Value>): void => {
    entry.older = youngest;
    entry.younger = undefined;
    if (youngest === undefined) oldest = entry;
    else youngest.younger = entry;
    youngest = entry;
    total += entry.weight;
  };
  const unlink = ({ older, younger, weight }: Entry<Value>): void => {
    if (older === undefined) oldest = younger;
    else older.younger = younger;
    if (younger === undefined) youngest = older;
    else younger.older = older;
    total -= weight;
  };
  const remove = (entry: Entry<Value>): void => {
    unlink(entry);
    entries.delete(entry.key);
  };
  return {
    get: (key) => entries.get(key)?.value,
    set: (key, value, weight = 1) => {
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = { key, value, weight, older: undefined, younger: undefined };
        entries.set(key, entry);
      } else {
        unlink(entry);
        entry.value = value;
        entry.weight = weight;
      }
      link(entry);
    },
    delete: (key) => {
      const entry = entries.get(key);
      if (entry !== undefined) remove(entry);
    },
    evictWhile: (isExpired) => {
      while (oldest !== undefined && isExpired(oldest.value)) remove(oldest);
    },
    size: () => entries.size,
    weight: () => total,
  };
}
