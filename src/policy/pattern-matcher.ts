import { isValueOf } from './param.ts';
import {
  literalTransition,
  buildAutomaton,
  initialState,
  type Matchable,
  type State,
} from './pattern-automaton.ts';

/** The one reading of a text, or why there is not exactly one. */
export type MatchResult<T> =
  | { readonly found: T; readonly values: Readonly<Record<string, string>> }
  | 'unknown'
  | 'ambiguous';

/** One way the text so far can be read; `plural` when there are several that end in the same place. */
interface Thread<T> {
  state: State<T>;
  readonly start: number;
  readonly captures: Captures | undefined;
  isAmbiguous: boolean;
}

interface Captures {
  readonly text: string;
  readonly before: Captures | undefined;
}

/**
 * Builds a function that reads a text by all patterns at once and gives the reading if there is exactly one.
 * Throws at start, naming both, when some text could be read by two patterns.
 */
export function createPatternMatcher<T extends Matchable>(
  matchables: readonly T[],
): (text: string) => MatchResult<T> {
  const states = buildAutomaton(matchables);
  // Which step last reached a state, and by which thread. Steps are counted over all texts, so that nothing
  // need be cleared between them; a double counts further than a process lives.
  const reachedAt = new Float64Array(states.length);
  const reachedBy: Thread<T>[] = [];
  let step = 0;
  let nextThreads: Thread<T>[] = [];

  const addThread = (thread: Thread<T>) => {
    const { id } = thread.state;
    const existing = reachedAt[id] === step ? reachedBy[id] : undefined;
    if (existing !== undefined) {
      existing.isAmbiguous = true;
      return;
    }
    reachedAt[id] = step;
    reachedBy[id] = thread;
    nextThreads.push(thread);
  };
  return (text) => {
    let threads: Thread<T>[] = [
      { state: initialState(states), start: 0, captures: undefined, isAmbiguous: false },
    ];
    for (let i = 0; i < text.length && threads.length > 0; i += 1) {
      const code = text.charCodeAt(i);
      if (advanceInPlace(threads, code)) continue;
      step += 1;
      nextThreads = [];
      for (const thread of threads) {
        // Before it arrives anywhere, where another may join it.
        const { state, start, captures, isAmbiguous } = thread;
        if (state.capturing?.alphabet[code] === 1) addThread(thread);
        const next = literalTransition(state, code);
        if (next !== undefined) {
          const captured = state.capturing
            ? { text: text.slice(start, i), before: captures }
            : captures;
          addThread({ state: next, start: i, captures: captured, isAmbiguous });
        }
        for (const paramState of state.paramStates) {
          if (paramState.capturing?.alphabet[code] === 1)
            addThread({ state: paramState, start: i, captures, isAmbiguous });
        }
      }
      threads = nextThreads;
    }
    return toMatchResult(text, threads);
  };
}

/**
 * Moves all threads by one character where each has one way to go and none ends a value: most of most names, and nothing
 * need be noted. They cannot meet there, since only a parameter that opens is reached from two places.
 */
function advanceInPlace<T>(threads: readonly Thread<T>[], code: number): boolean {
  const [first] = threads;
  // Alone as a rule, and then nothing need be looked up twice.
  if (first !== undefined && threads.length === 1) {
    const next = onlyTransition(first.state, code);
    first.state = next ?? first.state;
    return next !== undefined;
  }
  for (const { state } of threads) if (onlyTransition(state, code) === undefined) return false;
  for (const thread of threads) thread.state = onlyTransition(thread.state, code) ?? thread.state;
  return true;
}

function onlyTransition<T>(state: State<T>, code: number): State<T> | undefined {
  if (state.paramStates.length > 0) return undefined;
  const next = literalTransition(state, code);
  if (state.capturing === undefined) return next;
  return next === undefined && state.capturing.alphabet[code] === 1 ? state : undefined;
}

function toMatchResult<T extends Matchable>(
  text: string,
  threads: readonly Thread<T>[],
): MatchResult<T> {
  const accepted = threads.filter((thread) => thread.state.accepts !== undefined);
  const [only] = accepted;
  if (only?.state.accepts === undefined) return 'unknown';
  if (accepted.length > 1 || only.isAmbiguous) return 'ambiguous';
  const { state, start } = only;
  const found = only.state.accepts;
  let rest = state.capturing ? { text: text.slice(start), before: only.captures } : only.captures;
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
