/** Runs this when everything that was given for the same key before has settled. */
export type KeyedQueue = <T>(key: string, run: () => Promise<T>) => Promise<T>;

/** Runs calls with the same key one after the other; different keys do not wait for each other. */
export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const before = last.get(key);
    const mine = before === undefined ? run() : before.then(run, run);
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
}
