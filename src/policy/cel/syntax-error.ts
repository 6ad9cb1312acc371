import { ParseError } from '@marcbachmann/cel-js';
import { ExpressionError } from './expression-error.ts';

/** Words and characters of other languages, and what CEL has instead. */
const instead: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['=', '=='],
  ['&', '&&'],
  ['|', '||'],
]);

/** An error of the parser in plain English. Other errors are defects, and thrown as they are. */
export function syntaxError(error: unknown, source: string): ExpressionError {
  if (!(error instanceof ParseError)) throw error;
  const offset = Math.min(error.range?.start ?? 0, source.length);
  return new ExpressionError(describe(error, source, offset), offset);
}

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
    case 'expected_token':
    case 'unexpected_token':
    case 'unexpected_character':
      return describeUnexpected(textAt(source, offset));
    default:
      return error.summary.charAt(0).toLowerCase() + error.summary.slice(1);
  }
}

function describeUnexpected(text: string): string {
  if (text === '') return 'the expression ends too early';
  const operator = instead.get(text);
  return operator === undefined
    ? `unexpected ${text}`
    : `unexpected ${text}; CEL writes ${operator}`;
}

/** The word, or the character, at an offset. */
function textAt(source: string, offset: number): string {
  const word = /^\w+/.exec(source.slice(offset))?.[0];
  const codePoint = source.codePointAt(offset);
  return word ?? (codePoint === undefined ? '' : String.fromCodePoint(codePoint));
}
