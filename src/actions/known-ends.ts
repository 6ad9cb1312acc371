import { createByAge } from '../core/by-age.ts';

/** What this process wrote down lately, so that it need not write the same again. */
export interface KnownEnds {
  /** True when this end, or a later one, was noted under this name. */
  readonly knows: (name: string, end: number) => boolean;
  readonly note: (name: string, end: number) => void;
}

/** Names at most; the oldest are forgotten, which costs no more than a write. */
const most = 10_000;

/** Creates such a memory, empty. */
export function createKnownEnds(): KnownEnds {
  const ends = createByAge<number>();
  return {
    knows: (name, end) => (ends.get(name) ?? -Infinity) >= end,
    note: (name, end) => {
      ends.put(name, end);
      ends.forgetWhile(() => ends.size() > most);
    },
  };
}
