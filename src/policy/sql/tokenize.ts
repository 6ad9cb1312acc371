/** The dialects of SQL that Usher reads. MariaDB has that of MySQL. */
export type Dialect = 'postgres' | 'mysql';

/** A part of a statement that is neither white space nor a comment. */
export interface Token {
  readonly type: 'word' | 'quoted' | 'text' | 'number' | 'parameter' | 'symbol';
  /** As it is written; of a parameter without its colon. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A problem of a statement, at an offset of its text. */
export class SqlFault extends Error {
  override readonly name = 'SqlFault';

  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

/** A rule of the tokenizer: a pattern, and the type of its token. Text of a rule without a type is skipped. */
interface Rule {
  readonly pattern: RegExp;
  readonly type?: Token['type'];
  readonly fault?: string;
}

const rule = (pattern: string, made: Omit<Rule, 'pattern'> = {}): Rule => ({
  pattern: new RegExp(pattern, 'y'),
  ...made,
});

const word = rule('[A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*', { type: 'word' });
const openText = 'a string or a quoted name is not closed';
const openComment = 'a comment is not closed';

/** The rules after those of each dialect, in their order. */
const common: readonly Rule[] = [
  rule('\\s+'),
  rule("'(?:[^']|'')*'", { type: 'text' }),
  rule('/\\*', { fault: openComment }),
  rule('["\'`]', { fault: openText }),
  word,
  rule('\\d[\\w.]*', { type: 'number' }),
  // A cast, an assignment and the bound of a slice are not parameters.
  rule('::|:=', { type: 'symbol' }),
  rule(':[A-Za-z_]\\w*', { type: 'parameter' }),
  rule('[<>=!~^&|%@#?]+', { type: 'symbol' }),
  rule('[^]', { type: 'symbol' }),
];

const positional = 'a parameter must have the name of an id, such as :id';

const rules: Readonly<Record<Dialect, readonly Rule[]>> = {
  postgres: [
    rule('--[^\\n\\r]*'),
    // With E the backslash escapes; without it, it is a character.
    rule("[eE]'(?:[^'\\\\]|''|\\\\[^])*'", { type: 'text' }),
    rule("[eE]'", { fault: openText }),
    rule('"(?:[^"]|"")*"', { type: 'quoted' }),
    rule('\\$([A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$[^]*?\\$\\1\\$', { type: 'text' }),
    rule('\\$\\d+', { fault: positional }),
    rule('\\$(?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?\\$', { fault: openText }),
    ...common,
  ],
  mysql: [
    rule('#[^\\n\\r]*'),
    // Two hyphens begin a comment only before white space.
    rule('--(?=[\\s\\x00-\\x1f]|$)[^\\n\\r]*'),
    rule('/\\*M?!', { fault: 'a comment that MySQL executes' }),
    rule('/\\*[^]*?\\*/'),
    rule("'(?:[^'\\\\]|''|\\\\[^])*'", { type: 'text' }),
    rule('"(?:[^"\\\\]|""|\\\\[^])*"', { type: 'text' }),
    rule('`(?:[^`]|``)*`', { type: 'quoted' }),
    // Not the rule of both dialects, for which a backslash is a character.
    rule("'", { fault: openText }),
    rule('\\?', { fault: positional }),
    ...common,
  ],
};

/** Splits a statement into tokens. Throws `SqlFault`. */
export function tokenize(text: string, dialect: Dialect): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const nested = dialect === 'postgres' ? endOfNestedComment(text, at) : at;
    if (nested > at) {
      at = nested;
      continue;
    }
    const { end, type, fault } = match(text, at, rules[dialect]);
    if (fault !== undefined) throw new SqlFault(fault, at);
    const written = text.slice(at, end);
    if (type !== undefined) {
      tokens.push({
        type,
        start: at,
        end,
        text: type === 'parameter' ? written.slice(1) : written,
      });
    }
    at = end;
  }
  return tokens;
}

function match(text: string, at: number, all: readonly Rule[]): Rule & { readonly end: number } {
  for (const each of all) {
    each.pattern.lastIndex = at;
    if (each.pattern.test(text)) return { ...each, end: each.pattern.lastIndex };
  }
  throw new SqlFault('cannot be read', at);
}

/** The end of a comment of PostgreSQL, which may contain others; the same place if there is none. */
function endOfNestedComment(text: string, start: number): number {
  if (!text.startsWith('/*', start)) return start;
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  throw new SqlFault(openComment, start);
}
