import { createByAge } from '../../runtime/lru-map.ts';
import { lease, type BeginOnce } from './deduplicate.ts';

/** Texts at once; beyond that the first ones are forgotten before their time. */
const mostTexts = 20_000;

interface Note {
  readonly isDone: boolean;
  readonly until: number;
}

/** Creates the notes of one process, in memory that is bounded. */
export function createMemoryOnce(now: () => number): BeginOnce {
  const notes = createByAge<Note>();
  return (text) => {
    const time = now();
    // Not each later one ends later, but all end within minutes, and are found then.
    notes.forgetWhile(({ until }) => until < time || notes.size() >= mostTexts);
    const known = notes.get(text);
    if (known !== undefined && known.until >= time) {
      return Promise.resolve(known.isDone ? 'done' : 'under-way');
    }
    const own: Note = { isDone: false, until: time + lease };
    notes.put(text, own);
    return Promise.resolve({
      finish: (until) => {
        notes.put(text, { isDone: true, until });
        return Promise.resolve();
      },
      release: () => {
        if (notes.get(text) === own) notes.delete(text);
        return Promise.resolve();
      },
    });
  };
}
