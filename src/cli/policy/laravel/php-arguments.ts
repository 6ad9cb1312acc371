import { PhpFault, type PhpToken } from './php-tokens.ts';

/** The arguments of a call. */
export interface Arguments {
  /** The tokens of an argument, by its name or its position. */
  readonly of: (name: string, position: number) => readonly PhpToken[];
  readonly count: number;
  /** The token after the closing parenthesis. */
  readonly next: number;
  /** The offset after the closing parenthesis. */
  readonly endAt: number;
}

/** Reads the arguments behind the opening parenthesis. Throws `PhpFault` if it is never closed. */
export function readArguments(tokens: readonly PhpToken[], opening: number): Arguments {
  const list: PhpToken[][] = [[]];
  let depth = 1;
  for (let i = opening + 1; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    if (/^[([{]$/.test(token.source)) depth += 1;
    if (/^[)\]}]$/.test(token.source)) depth -= 1;
    if (depth === 0) {
      const given = list.filter((argument) => argument.length > 0);
      return { ...byName(given), next: i + 1, endAt: token.at + token.source.length };
    }
    if (depth === 1 && token.source === ',') list.push([]);
    else list.at(-1)?.push(token);
  }
  throw new PhpFault(tokens[opening]?.line ?? 1, 'a call is not closed');
}

function byName(given: readonly (readonly PhpToken[])[]): Pick<Arguments, 'of' | 'count'> {
  const isNamed = ([name, colon]: readonly PhpToken[]) =>
    name?.type === 'name' && colon?.source === ':';
  return {
    count: given.length,
    of: (name, position) => {
      const named = given.find((each) => isNamed(each) && each[0]?.source === name);
      if (named !== undefined) return named.slice(2);
      const positional = given[position];
      return positional === undefined || isNamed(positional) ? [] : positional;
    },
  };
}
