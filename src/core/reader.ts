import { isValueOf, type Param } from './param.ts';
import type { Pattern } from './pattern.ts';

/** A pattern to be read, with its parameters and whatever the caller wants back. */
export interface Readable {
  readonly pattern: Pattern;
  readonly params: Readonly<Record<string, Param>>;
}

/** The one reading of a text, or why there is not exactly one. */
export type ReadResult<T> =
  | { readonly found: T; readonly values: Readonly<Record<string, string>> }
  | 'unknown'
  | 'ambiguous';

/**
 * A place in the tree of all patterns. Inside a parameter (`inside`) a character of its alphabet stays here.
 * The tree is walked by all its branches at once, so a name costs its length and not the number of ways to split it.
 */
interface State<T> {
  readonly id: number;
  readonly inside: Param | undefined;
  readonly next: (State<T> | undefined)[];
  readonly opens: State<T>[];
  leaf: T | undefined;
}

/** One way the text so far can be read; `plural` when there are several that end in the same place. */
interface Thread<T> {
  readonly state: State<T>;
  readonly start: number;
  readonly values: Values | undefined;
  plural: boolean;
}

interface Values {
  readonly text: string;
  readonly before: Values | undefined;
}

const characters = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;',
  (c) => c.charCodeAt(0),
);

/**
 * Builds a function that reads a text by all patterns at once and gives the reading if there is exactly one.
 * Throws at start, naming both, when some text could be read by two patterns.
 */
export function createReader<T extends Readable>(
  readables: readonly T[],
): (text: string) => ReadResult<T> {
  const tree = growTree(readables);
  refuseClashes(tree);
  // Which step last reached a state, and by which thread. Steps are counted over all texts, so that nothing
  // need be cleared between them; a double counts further than a process lives.
  const reachedAt = new Float64Array(tree.length);
  const reachedBy: Thread<T>[] = [];
  let step = 0;
  let moved: Thread<T>[] = [];

  const arrive = (thread: Thread<T>) => {
    const { id } = thread.state;
    const there = reachedAt[id] === step ? reachedBy[id] : undefined;
    if (there !== undefined) {
      there.plural = true;
      return;
    }
    reachedAt[id] = step;
    reachedBy[id] = thread;
    moved.push(thread);
  };
  return (text) => {
    let threads: Thread<T>[] = [{ state: root(tree), start: 0, values: undefined, plural: false }];
    for (let i = 0; i < text.length && threads.length > 0; i += 1) {
      const code = text.charCodeAt(i);
      step += 1;
      moved = [];
      for (const thread of threads) {
        const { state, start, values, plural } = thread;
        if (state.inside?.alphabet[code] === 1) arrive({ state, start, values, plural });
        const next = state.next[code];
        if (next !== undefined) {
          const left = state.inside ? { text: text.slice(start, i), before: values } : values;
          arrive({ state: next, start: i, values: left, plural });
        }
        for (const opened of state.opens) {
          if (opened.inside?.alphabet[code] === 1)
            arrive({ state: opened, start: i, values, plural });
        }
      }
      threads = moved;
    }
    return conclude(text, threads);
  };
}

function conclude<T extends Readable>(text: string, threads: readonly Thread<T>[]): ReadResult<T> {
  const arrived = threads.filter((thread) => thread.state.leaf !== undefined);
  const [only] = arrived;
  if (only?.state.leaf === undefined) return 'unknown';
  if (arrived.length > 1 || only.plural) return 'ambiguous';
  const { state, start } = only;
  const found = only.state.leaf;
  let rest = state.inside ? { text: text.slice(start), before: only.values } : only.values;
  const values: Record<string, string> = {};
  for (const segment of found.pattern.segments.toReversed()) {
    if ('literal' in segment) continue;
    const param = found.params[segment.param];
    if (rest === undefined || param === undefined || !isValueOf(param, rest.text)) return 'unknown';
    values[segment.param] = rest.text;
    rest = rest.before;
  }
  return { found, values };
}

function root<T>(tree: readonly State<T>[]): State<T> {
  const [first] = tree;
  if (first === undefined) throw new Error('A tree has a root');
  return first;
}

/** Lays the patterns into one tree of states, the root first; patterns that begin alike share the way. */
function growTree<T extends Readable>(readables: readonly T[]): State<T>[] {
  const tree: State<T>[] = [];
  const grow = (inside?: Param): State<T> => {
    const state = { id: tree.length, inside, next: [], opens: [], leaf: undefined };
    tree.push(state);
    return state;
  };
  const start = grow();
  for (const readable of readables) {
    let state = start;
    for (const segment of readable.pattern.segments) {
      if ('literal' in segment) {
        for (const letter of segment.literal) {
          const code = letter.charCodeAt(0);
          const next = state.next[code] ?? grow();
          state.next[code] = next;
          state = next;
        }
      } else {
        const param = readable.params[segment.param];
        let opened = state.opens.find(({ inside }) => inside === param);
        if (opened === undefined) {
          opened = grow(param);
          state.opens.push(opened);
        }
        state = opened;
      }
    }
    if (state.leaf !== undefined) throw clash(state.leaf, readable);
    state.leaf = readable;
  }
  return tree;
}

/** Follows every text that leads to two places at once; where both are ends, two patterns could read it. */
function refuseClashes<T extends Readable>(tree: readonly State<T>[]): void {
  const visited = new Set<number>();
  const waiting: [State<T>, State<T>][] = [[root(tree), root(tree)]];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [one, other] = pair;
    if (one.leaf && other.leaf && one.leaf !== other.leaf) throw clash(one.leaf, other.leaf);
    for (const code of characters) {
      const others = movesOf(other, code);
      for (const a of movesOf(one, code)) {
        for (const b of others) {
          const key = Math.min(a.id, b.id) * tree.length + Math.max(a.id, b.id);
          if (visited.has(key)) continue;
          visited.add(key);
          waiting.push([a, b]);
        }
      }
    }
  }
}

function movesOf<T>(state: State<T>, code: number): State<T>[] {
  const next = state.next[code];
  const stays = state.inside?.alphabet[code] === 1 ? [state] : [];
  const opened = state.opens.filter(({ inside }) => inside?.alphabet[code] === 1);
  return [...stays, ...(next ? [next] : []), ...opened];
}

function clash(one: Readable, other: Readable): Error {
  return new Error(
    `Channel patterns clash, one name could mean both: ${one.pattern.text} and ${other.pattern.text}`,
  );
}
