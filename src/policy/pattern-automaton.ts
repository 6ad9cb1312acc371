import type { Param } from './param.ts';
import type { Pattern } from './pattern.ts';

/** A pattern to be read, with its parameters and whatever the caller wants back. */
export interface Readable {
  readonly pattern: Pattern;
  readonly params: Readonly<Record<string, Param>>;
}

/**
 * A place in the tree of all patterns. Inside a parameter (`inside`) a character of its alphabet stays here.
 * The tree is walked by all its branches at once, so a name costs its length and not the number of ways to split it.
 */
export interface State<T> {
  readonly id: number;
  readonly inside: Param | undefined;
  /**
   * The literal character that leads on, and where to; where patterns part there are others. A list by character would
   * be sparse almost everywhere, and with a thousand families too large for the processor's caches.
   */
  letter: number;
  next: State<T> | undefined;
  others: Map<number, State<T>> | undefined;
  opens: readonly State<T>[];
  leaf: T | undefined;
}

const none: readonly never[] = [];

const characters = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;',
  (c) => c.charCodeAt(0),
);

/** Where each text begins. */
export function root<T>(tree: readonly State<T>[]): State<T> {
  const [first] = tree;
  if (first === undefined) throw new Error('A tree has a root');
  return first;
}

/** Where a literal character leads from here. */
export function follow<T>(state: State<T>, code: number): State<T> | undefined {
  return state.letter === code ? state.next : state.others?.get(code);
}

function lead<T>(state: State<T>, code: number, next: State<T>): State<T> {
  if (state.next === undefined) {
    state.letter = code;
    state.next = next;
  } else {
    state.others ??= new Map();
    state.others.set(code, next);
  }
  return next;
}

/**
 * Lays the patterns into one tree of states, the root first; patterns that begin alike share the way.
 * Throws, naming both, when some text could be read by two patterns.
 */
export function growTree<T extends Readable>(readables: readonly T[]): State<T>[] {
  const tree: State<T>[] = [];
  const grow = (inside?: Param): State<T> => {
    const state: State<T> = {
      id: tree.length,
      inside,
      letter: -1,
      next: undefined,
      others: undefined,
      opens: none,
      leaf: undefined,
    };
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
          state = follow(state, code) ?? lead(state, code, grow());
        }
      } else {
        const param = readable.params[segment.param];
        let opened = state.opens.find(({ inside }) => inside === param);
        if (opened === undefined) {
          opened = grow(param);
          state.opens = [...state.opens, opened];
        }
        state = opened;
      }
    }
    if (state.leaf !== undefined) throw clash(state.leaf, readable);
    state.leaf = readable;
  }
  refuseClashes(tree);
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
  const next = follow(state, code);
  const stays = state.inside?.alphabet[code] === 1 ? [state] : [];
  const opened = state.opens.filter(({ inside }) => inside?.alphabet[code] === 1);
  return [...stays, ...(next ? [next] : []), ...opened];
}

function clash(one: Readable, other: Readable): Error {
  return new Error(
    `Channel patterns clash, one name could mean both: ${one.pattern.text} and ${other.pattern.text}`,
  );
}
