import { comparisonOf, type Comparison, type Span } from './comparison.ts';
import { SqlFault, tokenize, type Dialect, type Token } from './tokenize.ts';

/** A place of a statement at which a value is bound. */
export interface ParameterUse extends Span {
  readonly name: string;
  /** The comparison, if the parameter is only compared with a column or the result of a function. */
  readonly comparison?: Comparison | undefined;
}

/** One statement of a dialect. Its values are bound, and never part of its text. */
export interface SqlStatement {
  readonly dialect: Dialect;
  /** Without the semicolon and the comment at its end. */
  readonly text: string;
  /** In the order of the text. */
  readonly uses: readonly ParameterUse[];
}

/** The keywords with which a query begins. */
const queries: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE', '(']);

/**
 * Reads one query with named parameters, such as `:user`. Each of the names must occur, and no other one: a forgotten id would
 * select the rows of everybody. Throws `SqlFault`.
 */
export function readStatement(
  text: string,
  dialect: Dialect,
  names: readonly string[],
): SqlStatement {
  const tokens = withoutEnd(tokenize(text, dialect));
  const [first] = tokens;
  if (first === undefined) throw new SqlFault('the query is empty', 0);
  if (!queries.has(first.text.toUpperCase())) {
    throw new SqlFault('the query must begin with SELECT or WITH', first.start);
  }
  const uses = tokens.flatMap((token, place): ParameterUse[] => {
    if (token.type !== 'parameter') return [];
    if (!names.includes(token.text)) throw unknownParameter(token, names);
    const { text: name, start, end } = token;
    return [{ name, start, end, comparison: comparisonOf(tokens, place) }];
  });
  const unused = names.find((name) => !uses.some((use) => use.name === name));
  if (unused !== undefined) {
    throw new SqlFault(
      `the query has no :${unused}, so it would select the rows of every ${unused}`,
      first.start,
    );
  }
  return { dialect, text: text.slice(0, tokens.at(-1)?.end), uses };
}

/** The tokens without the semicolon at the end. */
function withoutEnd(tokens: readonly Token[]): readonly Token[] {
  const end = tokens.findIndex(({ type, text }) => type === 'symbol' && text === ';');
  if (end === -1) return tokens;
  const next = tokens[end + 1];
  if (next !== undefined) throw new SqlFault('there may be one statement only', next.start);
  return tokens.slice(0, end);
}

function unknownParameter({ text, start }: Token, names: readonly string[]): SqlFault {
  const known = names.map((name) => `:${name}`).join(', ');
  return new SqlFault(`:${text} is not a parameter of this query; there are ${known}`, start);
}
