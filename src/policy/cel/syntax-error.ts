import { ParseError } from '@marcbachmann/cel-js';

/** An expression that cannot be compiled. The message does not repeat the position. */
export class ExpressionError extends Error {
  /** The UTF-16 offset of the fault in the source. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'ExpressionError';
    this.offset = offset;
  }
}

/** Operators and members of other languages, and what CEL has instead. */
const instead: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['is', '=='],
  ['=', '=='],
  ['===', '=='],
  ['!==', '!='],
  ['<>', '!='],
  ['&', '&&'],
  ['|', '||'],
  ['includes', 'in'],
  ['length', 'size()'],
]);

/** What CEL has for a word or an operator of another language, as the end of a message. */
export function suggestOperator(text: string): string {
  const operator = instead.get(text.toLowerCase());
  return operator === undefined ? '' : `; CEL writes ${operator}`;
}

/** An error of the parser in plain English. Other errors are defects, and thrown as they are. */
export function syntaxError(error: unknown, source: string): ExpressionError {
  if (!(error instanceof ParseError)) throw error;
  const offset = Math.min(error.range?.start ?? 0, source.length);
  // `not` alone would be a name, so the parser finds the error in the word after it.
  const not = isUnexpected(error) ? /(?<![\w.])not\s+$/i.exec(source.slice(0, offset)) : null;
  const start = not?.index ?? offset;
  return new ExpressionError(describe(error, source, start), start);
}

const isUnexpected = ({ code }: ParseError): boolean =>
  code === 'expected_token' || code === 'unexpected_token' || code === 'unexpected_character';

function describe(error: ParseError, source: string, offset: number): string {
  switch (error.code) {
    case 'limit_exceeded':
      return error.summary.includes('maxDepth')
        ? 'the expression is nested too deeply'
        : 'the expression is too long';
    case 'reserved_identifier':
      return `${textAt(source, offset)} is a reserved word`;
    case 'invalid_macro_argument':
      return 'a loop takes a new name and a condition, such as list.exists(x, x == user.id)';
    default:
      if (isUnexpected(error)) return describeUnexpected(textAt(source, offset));
      return error.summary.charAt(0).toLowerCase() + error.summary.slice(1);
  }
}

function describeUnexpected(text: string): string {
  if (text === '') return 'the expression ends too early';
  return `unexpected ${text}${suggestOperator(text)}`;
}

/** The word, the operator or the character at an offset, which may be inside of an operator such as `===`. */
function textAt(source: string, offset: number): string {
  const before = /[=!<>&|]*$/.exec(source.slice(0, offset))?.[0] ?? '';
  const after = /^[=!<>&|]+/.exec(source.slice(offset))?.[0];
  if (after !== undefined) return before + after;
  const word = /^\w+/.exec(source.slice(offset))?.[0];
  const codePoint = source.codePointAt(offset);
  return word ?? (codePoint === undefined ? '' : String.fromCodePoint(codePoint));
}
