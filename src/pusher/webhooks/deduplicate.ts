import { createLruMap, evictWhile } from '../../runtime/caches.ts';

/** Leases a task to one caller on all replicas. Throws `Unavailable`. */
export type Deduplicate = (text: string) => Promise<DeduplicationLease | 'under-way' | 'done'>;

/** The lease of a task. It expires after `leaseMs`, so that another process repeats the task of a process that exited. */
export interface DeduplicationLease {
  /** Marks the task as done until this time, in milliseconds since the epoch. */
  readonly finish: (until: number) => Promise<void>;
  /** Releases the task after a failure, so that the next caller may lease it. */
  readonly release: () => Promise<void>;
}

/** Longer than a task can take, which waits for one database statement. */
export const leaseMs = 30_000;

/** Over this limit the oldest entries are evicted before they expire. */
const maxTexts = 20_000;

interface Entry {
  readonly isDone: boolean;
  readonly expiresAt: number;
}

/** Deduplicates within one process, in bounded memory. */
export function createMemoryDeduplicate(now: () => number): Deduplicate {
  const entries = createLruMap<Entry>(maxTexts);
  return (text) => {
    const time = now();
    // Entries are not ordered by expiry, but all expire within minutes.
    evictWhile(entries, ({ expiresAt }) => expiresAt < time);
    const existing = entries.peek(text);
    if (existing !== undefined && existing.expiresAt >= time) {
      return Promise.resolve(existing.isDone ? 'done' : 'under-way');
    }
    const lease: Entry = { isDone: false, expiresAt: time + leaseMs };
    entries.set(text, lease);
    return Promise.resolve({
      finish: (expiresAt) => {
        entries.set(text, { isDone: true, expiresAt });
        return Promise.resolve();
      },
      release: () => {
        if (entries.peek(text) === lease) entries.delete(text);
        return Promise.resolve();
      },
    });
  };
}
