/** Starts work, or returns the work with the same key that is not over yet. */
type SingleFlight<T> = (key: string, start: () => Promise<T>) => Promise<T>;

/** Creates a function that does the same work once at a time. Nothing is kept after the end of the work. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const pending = new Map<string, Promise<T>>();
  return (key, start) => {
    const same = pending.get(key);
    if (same !== undefined) return same;
    const started = start().finally(() => pending.delete(key));
    pending.set(key, started);
    return started;
  };
}
