/** What this process wrote down lately, so that it need not write the same again. */
export interface KnownEnds {
  /** True when this end, or a later one, was noted under this name. */
  readonly knows: (name: string, end: number) => boolean;
  readonly note: (name: string, end: number) => void;
}

/** Names at most; then all are forgotten, which costs no more than a write for each that comes again. */
const most = 20_000;

/** Creates such a memory, empty. */
export function createKnownEnds(): KnownEnds {
  const ends = new Map<string, number>();
  return {
    knows: (name, end) => (ends.get(name) ?? -Infinity) >= end,
    note: (name, end) => {
      if (ends.size >= most) ends.clear();
      ends.set(name, end);
    },
  };
}
