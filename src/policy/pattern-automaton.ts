import type { Param } from './param.ts';
import {
  createMatcher,
  initialState,
  literalTransition,
  type Matchable,
  type MatchResult,
  type State,
} from './pattern-matcher.ts';

const none: readonly never[] = [];

const characters = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=@,.;',
  (c) => c.charCodeAt(0),
);

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
 * Creates a function that matches a text against all patterns at once.
 * Throws at start if a text could match two patterns; the error names both.
 */
export function createPatternMatcher<T extends Matchable>(
  matchables: readonly T[],
): (text: string) => MatchResult<T> {
  return createMatcher(buildAutomaton(matchables));
}

/**
 * Builds one automaton of all patterns, with the initial state first; patterns with the same prefix share its states.
 * Throws if a text could match two patterns; the error names both.
 */
function buildAutomaton<T extends Matchable>(matchables: readonly T[]): State<T>[] {
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
        // States differ by the characters only; the matcher checks the length and the format of the whole value.
        let opened = state.paramStates.find(
          ({ capturing }) => capturing?.alphabet === param?.alphabet,
        );
        if (opened === undefined) {
          opened = addState(param);
          state.paramStates = [...state.paramStates, opened];
        }
        state = opened;
      }
    }
    if (state.accepts !== undefined) throw new AmbiguousPatterns(state.accepts, matchable);
    state.accepts = matchable;
  }
  rejectAmbiguousPatterns(states);
  return states;
}

/** A policy with more pairs of states takes seconds to check, in which the process serves nothing else. */
const maxPairs = 200_000;

/** Visits every pair of states that one text reaches. If two patterns accept in such a pair, the text matches both. */
function rejectAmbiguousPatterns<T extends Matchable>(states: readonly State<T>[]): void {
  const visited = new Set<number>();
  const waiting: [State<T>, State<T>][] = [[initialState(states), initialState(states)]];
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [one, other] = pair;
    if (one.accepts && other.accepts && one.accepts !== other.accepts)
      throw new AmbiguousPatterns(one.accepts, other.accepts);
    if (visited.size > maxPairs) throw new TooManyOverlaps();
    for (const code of commonCharacters(one, other)) {
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

/** The characters for which both states may have a transition. */
function commonCharacters<T>(one: State<T>, other: State<T>): Iterable<number> {
  const literals = (state: State<T>) =>
    state.capturing === undefined && state.paramStates.length === 0
      ? [state.charCode, ...(state.otherTransitions?.keys() ?? [])]
      : undefined;
  return literals(one) ?? literals(other) ?? characters;
}

function transitionsOf<T>(state: State<T>, code: number): State<T>[] {
  const next = literalTransition(state, code);
  const stays = state.capturing?.alphabet[code] === 1 ? [state] : [];
  const opened = state.paramStates.filter(({ capturing }) => capturing?.alphabet[code] === 1);
  return [...stays, ...(next ? [next] : []), ...opened];
}

/** The patterns have too many common beginnings to prove that no name matches two of them. */
export class TooManyOverlaps extends Error {
  override readonly name = 'TooManyOverlaps';

  constructor() {
    super(
      'The channel patterns overlap too much to be checked: begin them with different words, such as private-order-{id} and private-user-{id}',
    );
  }
}

/** One name can match both patterns. */
export class AmbiguousPatterns extends Error {
  override readonly name = 'AmbiguousPatterns';
  readonly patterns: readonly [string, string];

  constructor(one: Matchable, other: Matchable) {
    const patterns = [one.pattern.text, other.pattern.text] as const;
    super(`Ambiguous channel patterns, one name can match both: ${patterns.join(' and ')}`);
    this.patterns = patterns;
  }
}
