import type { Token } from './tokenize.ts';

/** The part of a text from one token to another, both included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A parameter that is compared with an operand, and nothing else: `operand = :id` or `:id = operand`. */
export interface Comparison extends Span {
  readonly operand: Span;
}

/** The keywords and symbols between which a comparison is a separate expression. */
const before: ReadonlySet<string> = new Set([
  ...['(', ',', 'WHERE', 'AND', 'OR', 'XOR', 'NOT', 'ON', 'HAVING', 'SELECT', 'DISTINCT', 'ALL'],
  ...['WHEN', 'THEN', 'ELSE'],
]);
const after: ReadonlySet<string> = new Set([
  ...[')', ',', 'AND', 'OR', 'XOR', 'AS', 'FROM', 'WHERE', 'GROUP', 'HAVING', 'WINDOW', 'ORDER'],
  ...['LIMIT', 'OFFSET', 'FETCH', 'UNION', 'EXCEPT', 'INTERSECT', 'JOIN', 'INNER', 'LEFT', 'RIGHT'],
  ...['FULL', 'CROSS', 'NATURAL', 'STRAIGHT_JOIN', 'WHEN', 'THEN', 'ELSE', 'END'],
]);

/** Keywords that are not the name of a column or of a function. */
const notNames: ReadonlySet<string> = new Set([
  ...before,
  ...after,
  ...['ANY', 'SOME', 'IN', 'EXISTS', 'BETWEEN', 'IS', 'NULL', 'TRUE', 'FALSE', 'CASE', 'LIKE'],
  ...['INTERVAL', 'ROW', 'BINARY', 'COLLATE', 'DIV', 'MOD', 'REGEXP', 'RLIKE', 'ESCAPE', 'VALUES'],
]);

const upper = (token: Token | undefined): string =>
  token?.type === 'word' || token?.type === 'symbol' ? token.text.toUpperCase() : '';

const isName = (token: Token | undefined): boolean =>
  token?.type === 'quoted' || (token?.type === 'word' && !notNames.has(upper(token)));

/** The comparison of the parameter at this place; `undefined` if it is used in another way. */
export function comparisonOf(tokens: readonly Token[], place: number): Comparison | undefined {
  const [first, last] =
    upper(tokens[place - 1]) === '='
      ? [beginOfOperand(tokens, place - 2), place]
      : [place, endOfOperand(tokens, place)];
  if (first === undefined || last === undefined) return undefined;
  const operand = first === place ? [place + 2, last] : [first, place - 2];
  if (!isBetweenEdges(tokens, first, last) || hasMore(tokens, operand)) return undefined;
  return { ...spanOf(tokens, first, last), operand: spanOf(tokens, operand[0], operand[1]) };
}

function spanOf(tokens: readonly Token[], first = 0, last = 0): Span {
  return { start: tokens[first]?.start ?? 0, end: tokens[last]?.end ?? 0 };
}

/** The first token of the name, or of the call of a function, that ends at this place. */
function beginOfOperand(tokens: readonly Token[], place: number): number | undefined {
  let at = place;
  if (upper(tokens[at]) === ')') {
    for (let depth = 0; at >= 0; at -= 1) {
      depth += depthOf(tokens[at]);
      if (depth === 0) break;
    }
    at -= 1;
  }
  return isName(tokens[at]) ? beginOfName(tokens, at) : undefined;
}

function beginOfName(tokens: readonly Token[], place: number): number {
  let at = place;
  while (upper(tokens[at - 1]) === '.' && isName(tokens[at - 2])) at -= 2;
  return at;
}

/** The last token of the name, or of the call of a function, after the parameter at this place and `=`. */
function endOfOperand(tokens: readonly Token[], place: number): number | undefined {
  let at = place + 2;
  if (upper(tokens[place + 1]) !== '=' || !isName(tokens[at])) return undefined;
  while (upper(tokens[at + 1]) === '.' && isName(tokens[at + 2])) at += 2;
  if (upper(tokens[at + 1]) !== '(') return at;
  for (let depth = 0, end = at + 1; end < tokens.length; end += 1) {
    depth -= depthOf(tokens[end]);
    if (depth === 0) return end;
  }
  return undefined;
}

/** 1 for a closing and -1 for an opening parenthesis. */
function depthOf(token: Token | undefined): number {
  const text = upper(token);
  if (text === ')') return 1;
  return text === '(' ? -1 : 0;
}

function isBetweenEdges(tokens: readonly Token[], first: number, last: number): boolean {
  const [previous, next] = [tokens[first - 1], tokens[last + 1]];
  if (!before.has(upper(previous)) || (next !== undefined && !after.has(upper(next)))) return false;
  return upper(previous) !== 'AND' || !belongsToBetween(tokens, first - 1);
}

/** Whether the AND at this place is that of `BETWEEN … AND …`, which binds more tightly than `=`. */
function belongsToBetween(tokens: readonly Token[], place: number): boolean {
  for (let at = place - 1, depth = 0; at >= 0; at -= 1) {
    depth += depthOf(tokens[at]);
    if (depth < 0) return false;
    const text = upper(tokens[at]);
    if (depth === 0 && text === 'BETWEEN') return true;
    if (depth === 0 && before.has(text) && text !== '(' && text !== ',') return false;
  }
  return false;
}

/** An operand with a parameter or a query in it could not be repeated. */
function hasMore(tokens: readonly Token[], [first = 0, last = 0]: readonly number[]): boolean {
  return tokens
    .slice(first, last + 1)
    .some((token) => token.type === 'parameter' || upper(token) === 'SELECT');
}
