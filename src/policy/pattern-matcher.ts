import { isValueOf } from './param.ts';
import {
  literalTransition,
  buildAutomaton,
  initialState,
  type Matchable,
  type State,
} from './pattern-automaton.ts';

/** The only match of a text, or the reason why there is not exactly one. */
export type MatchResult<T> =
  | { readonly found: T; readonly values: Readonly<Record<string, string>> }
  | 'unknown'
  | 'ambiguous';

/** One way to match the text so far; `isAmbiguous` if several ways reach the same state. */
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
 * Creates a function that matches a text against all patterns at once.
 * Throws at start if a text could match two patterns; the error names both.
 */
export function createPatternMatcher<T extends Matchable>(
  matchables: readonly T[],
): (text: string) => MatchResult<T> {
  const states = buildAutomaton(matchables);
  // The last step that reached each state, and its thread. Steps are counted across all texts, so that nothing has to be
  // cleared between them; the range of a double is sufficient for any process.
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
        // Read before `addThread`, which may change the thread.
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
 * Advances all threads by one character if each has exactly one transition and none ends a capture, as for most characters of
 * most names. Threads cannot meet here: only a state that begins a parameter is reached from two states.
 */
function advanceInPlace<T>(threads: readonly Thread<T>[], code: number): boolean {
  const [first] = threads;
  // The usual case of one thread looks up the transition only once.
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
