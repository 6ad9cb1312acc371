/** Runs an operation after all earlier operations with the same key have settled. */
type KeyedQueue = <T>(key: string, run: () => Promise<T>) => Promise<T>;

export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const previous = last.get(key);
    const current = previous === undefined ? run() : previous.then(run, run);
    last.set(key, current);
    try {
      return await current;
    } finally {
      if (last.get(key) === current) last.delete(key);
    }
  };
}
