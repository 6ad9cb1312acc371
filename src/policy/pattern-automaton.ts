import type { Param } from './param.ts';
import type { Pattern } from './pattern.ts';

/** A pattern to be read, with its parameters and whatever the caller wants back. */
export interface Matchable {
  readonly pattern: Pattern;
  readonly params: Readonly<Record<string, Param>>;
}

/**
 * A place in the tree of all patterns. Inside a parameter (`inside`) a character of its alphabet stays here.
 * The tree is walked by all its branches at once, so a name costs its length and not the number of ways to split it.
 */
export interface State<T> {
  readonly id: number;
  readonly capturing: Param | undefined;
  /**
   * The literal character that leads on, and where to; where patterns part there are others. A list by character would
   * be sparse almost everywhere, and with a thousand families too large for the processor's caches.
   */
  charCode: number;
  next: State<T> | undefined;
  otherTransitions: Map<number, State<T>> | undefined;
  paramStates: readonly State<T>[];
  accepts: T | undefined;
}

const none: readonly never[] = [];

const characters = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;',
  (c) => c.charCodeAt(0),
);

/** Where each text begins. */
export function initialState<T>(states: readonly State<T>[]): State<T> {
  const [first] = states;
  if (first === undefined) throw new Error('A tree has a root');
  return first;
}

/** Where a literal character leads from here. */
export function literalTransition<T>(state: State<T>, code: number): State<T> | undefined {
  return state.charCode === code ? state.next : state.otherTransitions?.get(code);
}

function addLiteralTransition<T>(state: State<T>, code: number, next: State<T>): State<T> {
  if (state.next === undefined) {
    state.charCode = code;
    state.next = next;
  } else {
    state.otherTransitions ??= new Map();
    state.otherTransitions.set(code, next);
  }
  return next;
}

/**
 * Lays the patterns into one tree of states, the root first; patterns that begin alike share the way.
 * Throws, naming both, when some text could be read by two patterns.
 */
export function buildAutomaton<T extends Matchable>(matchables: readonly T[]): State<T>[] {
  const states: State<T>[] = [];
  const addState = (capturing?: Param): State<T> => {
    const state: State<T> = {
      id: states.length,
      capturing,
      charCode: -1,
      next: undefined,
      otherTransitions: undefined,
      paramStates: none,
      accepts: undefined,
    };
    states.push(state);
    return state;
  };
  const start = addState();
  for (const matchable of matchables) {
    let state = start;
    for (const segment of matchable.pattern.segments) {
      if ('literal' in segment) {
        for (const letter of segment.literal) {
          const code = letter.charCodeAt(0);
          state = literalTransition(state, code) ?? addLiteralTransition(state, code, addState());
        }
      } else {
        const param = matchable.params[segment.param];
        let opened = state.paramStates.find(({ capturing }) => capturing === param);
        if (opened === undefined) {
          opened = addState(param);
          state.paramStates = [...state.paramStates, opened];
        }
        state = opened;
      }
    }
    if (state.accepts !== undefined) throw ambiguousPatterns(state.accepts, matchable);
    state.accepts = matchable;
  }
  rejectAmbiguousPatterns(states);
  return states;
}

/** Follows every text that leads to two places at once; where both are ends, two patterns could read it. */
function rejectAmbiguousPatterns<T extends Matchable>(states: readonly State<T>[]): void {
  const visited = new Set<number>();
  const waiting: [State<T>, State<T>][] = [[initialState(states), initialState(states)]];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [one, other] = pair;
    if (one.accepts && other.accepts && one.accepts !== other.accepts)
      throw ambiguousPatterns(one.accepts, other.accepts);
    for (const code of characters) {
      const others = transitionsOf(other, code);
      for (const a of transitionsOf(one, code)) {
        for (const b of others) {
          const key = Math.min(a.id, b.id) * states.length + Math.max(a.id, b.id);
          if (visited.has(key)) continue;
          visited.add(key);
          waiting.push([a, b]);
        }
      }
    }
  }
}

function transitionsOf<T>(state: State<T>, code: number): State<T>[] {
  const next = literalTransition(state, code);
  const stays = state.capturing?.alphabet[code] === 1 ? [state] : [];
  const opened = state.paramStates.filter(({ capturing }) => capturing?.alphabet[code] === 1);
  return [...stays, ...(next ? [next] : []), ...opened];
}

function ambiguousPatterns(one: Matchable, other: Matchable): Error {
  return new Error(
    `Channel patterns clash, one name could mean both: ${one.pattern.text} and ${other.pattern.text}`,
  );
}
