import { isValueOf } from './param.ts';
import { follow, growTree, root, type Readable, type State } from './pattern-automaton.ts';

/** The one reading of a text, or why there is not exactly one. */
export type ReadResult<T> =
  | { readonly found: T; readonly values: Readonly<Record<string, string>> }
  | 'unknown'
  | 'ambiguous';

/** One way the text so far can be read; `plural` when there are several that end in the same place. */
interface Thread<T> {
  state: State<T>;
  readonly start: number;
  readonly values: Values | undefined;
  plural: boolean;
}

interface Values {
  readonly text: string;
  readonly before: Values | undefined;
}

/**
 * Builds a function that reads a text by all patterns at once and gives the reading if there is exactly one.
 * Throws at start, naming both, when some text could be read by two patterns.
 */
export function createReader<T extends Readable>(
  readables: readonly T[],
): (text: string) => ReadResult<T> {
  const tree = growTree(readables);
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
      if (goOn(threads, code)) continue;
      step += 1;
      moved = [];
      for (const thread of threads) {
        // Before it arrives anywhere, where another may join it.
        const { state, start, values, plural } = thread;
        if (state.inside?.alphabet[code] === 1) arrive(thread);
        const next = follow(state, code);
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

/**
 * Moves all threads by one character where each has one way to go and none ends a value: most of most names, and nothing
 * need be noted. They cannot meet there, since only a parameter that opens is reached from two places.
 */
function goOn<T>(threads: readonly Thread<T>[], code: number): boolean {
  const [first] = threads;
  // Alone as a rule, and then nothing need be looked up twice.
  if (first !== undefined && threads.length === 1) {
    const next = onlyWay(first.state, code);
    first.state = next ?? first.state;
    return next !== undefined;
  }
  for (const { state } of threads) if (onlyWay(state, code) === undefined) return false;
  for (const thread of threads) thread.state = onlyWay(thread.state, code) ?? thread.state;
  return true;
}

function onlyWay<T>(state: State<T>, code: number): State<T> | undefined {
  if (state.opens.length > 0) return undefined;
  const next = follow(state, code);
  if (state.inside === undefined) return next;
  return next === undefined && state.inside.alphabet[code] === 1 ? state : undefined;
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
