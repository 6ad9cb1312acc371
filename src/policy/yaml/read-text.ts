import type { Position } from './problem.ts';

/** The maximum size of a file in bytes: 256 KB. */
const maxBytes = 256 * 1024;

/** A problem at an offset of the text, in UTF-16 code units. */
export interface TextProblem {
  readonly offset: number;
  readonly message: string;
}

interface DecodedText {
  /** The text, as far as it is UTF-8. */
  readonly text: string;
  readonly problems: readonly TextProblem[];
}

/** Decodes a file. It must be UTF-8 without a byte order mark, and must contain visible characters only. */
export function decodeText(file: string | Uint8Array): DecodedText {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file;
  if (bytes.length > maxBytes) {
    const message = `the file has ${bytes.length} bytes; at most ${maxBytes} are read: split it into several files of one directory`;
    return { text: '', problems: [{ offset: 0, message }] };
  }
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const source = typeof file === 'string' ? file : text;
  const fault = typeof file === 'string' ? file.search(/\p{Surrogate}/u) : faultOf(bytes, text);
  if (fault !== -1) {
    const message = isUtf16(bytes)
      ? 'the file is UTF-16: save it as UTF-8'
      : 'the file is not valid UTF-8';
    return { text: source.slice(0, fault), problems: [{ offset: fault, message }] };
  }
  return { text, problems: problemsOf(text) };
}

const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

/** The offset in the text of the first invalid byte, or -1. */
function faultOf(bytes: Uint8Array, text: string): number {
  const encoded = Buffer.from(text);
  if (encoded.equals(bytes)) return -1;
  const at = bytes.findIndex((byte, i) => byte !== encoded[i]);
  // The first bytes of U+FFFD, which replaces what is cut off at the end, equal the file's if those are EF or EF BF.
  const valid = at === -1 ? bytes : bytes.subarray(0, at);
  // A sequence that is cut off at its end is held back, and not replaced.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(valid, { stream: true }).length;
}

/** Characters that are not allowed, by the group of a pattern that runs in linear time. */
const unwanted: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  {
    pattern: /^(\uFEFF)/d,
    message: 'the file begins with a byte order mark: save it as UTF-8 without one',
  },
  {
    // Not printable in YAML 1.2, production 1 (c-printable).
    // eslint-disable-next-line no-control-regex -- these are the characters that are refused
    pattern: /([\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF])/d,
    message:
      'a control character: in double quotes it can be written as an escape, such as "\\u0007"',
  },
  {
    // A rule could look different from what is evaluated (CVE-2021-42574).
    pattern: /([\u200E\u200F\u202A-\u202E\u2066-\u2069])/d,
    message: 'an invisible character that changes the direction of the text',
  },
  {
    pattern: /(\r)(?!\n)/d,
    message: 'a carriage return without a line feed: end lines with a line feed',
  },
  { pattern: /^ *(\t)[ \t]*\S/dm, message: 'a tab in the indentation: indent with spaces' },
];

/** The first of each kind of unwanted characters. */
const problemsOf = (text: string): readonly TextProblem[] =>
  unwanted.flatMap(({ pattern, message }) => {
    const offset = pattern.exec(text)?.indices?.[1]?.[0];
    return offset === undefined ? [] : [{ offset, message }];
  });

/** Turns offsets of a text into lines and columns. */
export function createLineTable(text: string): (offset: number) => Position {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
