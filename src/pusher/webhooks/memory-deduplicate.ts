import { createLruMap, evictWhile } from '../../runtime/lru-map.ts';
import { leaseMs, type Deduplicate } from './deduplicate.ts';

/** Texts at once; beyond that the first ones are forgotten before their time. */
const maxTexts = 20_000;

interface Entry {
  readonly isDone: boolean;
  readonly expiresAt: number;
}

/** Creates the notes of one process, in memory that is bounded. */
export function createMemoryDeduplicate(now: () => number): Deduplicate {
  const entries = createLruMap<Entry>(maxTexts);
  return (text) => {
    const time = now();
    // Not each later one ends later, but all end within minutes, and are found then.
    evictWhile(entries, ({ expiresAt }) => expiresAt < time);
    const known = entries.peek(text);
    if (known !== undefined && known.expiresAt >= time) {
      return Promise.resolve(known.isDone ? 'done' : 'under-way');
    }
    const own: Entry = { isDone: false, expiresAt: time + leaseMs };
    entries.set(text, own);
    return Promise.resolve({
      finish: (expiresAt) => {
        entries.set(text, { isDone: true, expiresAt });
        return Promise.resolve();
      },
      release: () => {
        if (entries.peek(text) === own) entries.delete(text);
        return Promise.resolve();
      },
    });
  };
}
