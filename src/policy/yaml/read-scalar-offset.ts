import type { Scalar } from 'yaml';

/**
 * The offset in the source of a character of a scalar: exact for every character but the spaces and line breaks that folding
 * makes, which have the place of what they stand for.
 *
 * @param scalar - A scalar of `source`.
 * @param offset - An offset in the parsed text, in UTF-16 code units. Beyond its end is its end.
 */
export function sourceOffset(source: string, scalar: Scalar.Parsed, offset: number): number {
  const value = scalar.source;
  const [start, end] = scalar.range;
  let at = startOfText(source, scalar);
  let read = 0;
  let next = at;
  while (read < value.length && at < end) {
    const unit = readUnit(source, at, scalar.type);
    const matches = unit.text !== '' && value.startsWith(unit.text, read);
    // Folding turned line breaks into a space, or left out spaces.
    const isFolded = !matches && isSpace(value.charAt(read));
    if (!matches && !isFolded && !unit.isSkipped) return start;
    read += matches ? unit.text.length : Number(isFolded);
    if (read > offset) return at;
    if (!isFolded) at += unit.length;
    if (matches) next = at;
  }
  return next;
}

/** The text for which one or more characters of the source stand. */
interface Unit {
  readonly text: string;
  readonly length: number;
  /** Whether folding may have left it out. */
  readonly isSkipped: boolean;
}

const isSpace = (char: string): boolean => /[ \t\r\n]/.test(char);

/** The offset of the first character: after the quote, or on the line after the header of a block. */
function startOfText(source: string, { type, range: [start] }: Scalar.Parsed): number {
  if (type === 'QUOTE_SINGLE' || type === 'QUOTE_DOUBLE') return start + 1;
  if (type !== 'BLOCK_FOLDED' && type !== 'BLOCK_LITERAL') return start;
  const line = source.indexOf('\n', start);
  return line === -1 ? source.length : line + 1;
}

function readUnit(source: string, at: number, type: Scalar.Type | undefined): Unit {
  const char = source.charAt(at);
  if (type === 'QUOTE_SINGLE' && source.startsWith("''", at)) {
    return { text: "'", length: 2, isSkipped: false };
  }
  if (type === 'QUOTE_DOUBLE' && char === '\\') return readEscape(source, at);
  return { text: char, length: 1, isSkipped: isSpace(char) };
}

/** Escapes of YAML 1.2, section 5.7. */
const escapes: Readonly<Partial<Record<string, string>>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

/** The number of hexadecimal digits of an escape. */
const digitsOf: Readonly<Partial<Record<string, number>>> = { x: 2, u: 4, U: 8 };

function readEscape(source: string, at: number): Unit {
  const char = source.charAt(at + 1);
  const digits = digitsOf[char];
  if (digits !== undefined) {
    const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
    return { text: String.fromCodePoint(code), length: 2 + digits, isSkipped: false };
  }
  // An escaped line break stands for the empty text.
  if (char === '\n' || char === '\r') return { text: '', length: 2, isSkipped: true };
  return { text: escapes[char] ?? char, length: 2, isSkipped: false };
}
