import type { NoteOnce } from '../core/once.ts';

/** Texts at once; beyond that the first ones are forgotten before their time. */
const mostTexts = 20_000;

/** Creates the notes of one process, in memory that is bounded. */
export function createMemoryOnce(now: () => number): NoteOnce {
  const notes = new Map<string, number>();
  return (text, until) => {
    for (const [old, end] of notes) {
      // Not each later one ends later, but all end within minutes, and are found then.
      if (end >= now() && notes.size < mostTexts) break;
      notes.delete(old);
    }
    const known = notes.get(text);
    if (known !== undefined && known >= now()) return Promise.resolve(false);
    notes.set(text, until);
    return Promise.resolve(true);
  };
}
