import { createByAge } from '../core/by-age.ts';
import type { NoteOnce } from '../core/once.ts';

/** Texts at once; beyond that the first ones are forgotten before their time. */
const mostTexts = 20_000;

/** Creates the notes of one process, in memory that is bounded. */
export function createMemoryOnce(now: () => number): NoteOnce {
  const ends = createByAge<number>();
  return (text, until) => {
    const time = now();
    // Not each later one ends later, but all end within minutes, and are found then.
    ends.forgetWhile((end) => end < time || ends.size() >= mostTexts);
    if ((ends.get(text) ?? -Infinity) >= time) return Promise.resolve(false);
    ends.put(text, until);
    return Promise.resolve(true);
  };
}
