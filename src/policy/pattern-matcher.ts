import { isValueOf, type Param } from './param.ts';
import type { Pattern } from './pattern.ts';

/** A pattern with its parameters, and any other properties of the caller. */
export interface Matchable {
  readonly pattern: Pattern;
  readonly params: Readonly<Record<string, Param>>;
}

/**
 * A state of the automaton of all patterns. While it captures a parameter, each character of the alphabet is a transition to itself.
 * The matcher follows all threads at once, so the cost of a name depends on its length, not on the number of ways to split it.
 */
export interface State<T> {
  readonly id: number;
  readonly capturing: Param | undefined;
  /**
   * The first literal transition; states where patterns diverge have others. A table by character would be mostly empty, and
   * with a thousand channel types too large for the processor's caches.
   */
  charCode: number;
  next: State<T> | undefined;
  otherTransitions: Map<number, State<T>> | undefined;
  paramStates: readonly State<T>[];
  accepts: T | undefined;
}

export function literalTransition<T>(state: State<T>, code: number): State<T> | undefined {
  return state.charCode === code ? state.next : state.otherTransitions?.get(code);
}

export function initialState<T>(states: readonly State<T>[]): State<T> {
  const [first] = states;
  if (first === undefined) throw new Error('An automaton has an initial state');
  return first;
}

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

/** Creates a function that matches a text against all patterns of an automaton at once. */
export function createMatcher<T extends Matchable>(
  states: readonly State<T>[],
): (text: string) => MatchResult<T> {
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
 * Advances all threads by one character if none has several transitions and none ends a capture, as for most characters of most
 * names, and drops threads without a transition. Threads cannot meet here: only a state that begins a parameter is reached from
 * two states. Returns false, without a change, if a thread has several transitions.
 */
function advanceInPlace<T>(threads: Thread<T>[], code: number): boolean {
  const [first] = threads;
  // The usual case of one thread looks up the transition only once.
  if (first !== undefined && threads.length === 1) {
    const next = transition(first.state, code);
    if (next === 'several') return false;
    if (next === undefined) threads.length = 0;
    else first.state = next;
    return true;
  }
  for (const { state } of threads) if (transition(state, code) === 'several') return false;
  let kept = 0;
  for (const thread of threads) {
    const next = transition(thread.state, code);
    if (next === undefined || next === 'several') continue;
    thread.state = next;
    threads[kept] = thread;
    kept += 1;
  }
  threads.length = kept;
  return true;
}

/** The only transition of a state; `several` if there may be others, or if it ends a capture. */
function transition<T>(state: State<T>, code: number): State<T> | 'several' | undefined {
  if (state.paramStates.length > 0) return 'several';
  const next = literalTransition(state, code);
  if (state.capturing === undefined) return next;
  if (next !== undefined) return 'several';
  return state.capturing.alphabet[code] === 1 ? state : undefined;
}

function toMatchResult<T extends Matchable>(
  text: string,
  threads: readonly Thread<T>[],
): MatchResult<T> {
  let only: Thread<T> | undefined;
  for (const thread of threads) {
    if (thread.state.accepts === undefined) continue;
    if (only !== undefined) return 'ambiguous';
    only = thread;
  }
  const found = only?.state.accepts;
  if (only === undefined || found === undefined) return 'unknown';
  if (only.isAmbiguous) return 'ambiguous';
  const { state, start } = only;
  let rest = state.capturing ? { text: text.slice(start), before: only.captures } : only.captures;
  const values: Record<string, string> = {};
  const { segments } = found.pattern;
  for (let i = segments.length - 1; i >= 0; i -= 1) {
    const segment = segments[i];
    if (segment === undefined || 'literal' in segment) continue;
    const param = found.params[segment.param];
    if (rest === undefined || param === undefined || !isValueOf(param, rest.text)) return 'unknown';
    values[segment.param] = rest.text;
    rest = rest.before;
  }
  return { found, values };
}
