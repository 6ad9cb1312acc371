import { malformed } from '../output/problem.ts';

/** Alternating header names and values, as in Node's `rawHeaders`. Repeated headers are preserved. */
export type RawHeaders = readonly string[];

/** Returns all values of a header in the order received. Node's `headers` has only the first of two `Authorization` lines. */
export function headerValues(headers: RawHeaders, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], name)) values.push(headers[i + 1] ?? '');
  }
  return values;
}

/** Compares the lengths first, for speed: each request compares all its header names three times. */
function isNamed(header: string | undefined, name: string): boolean {
  return header?.length === name.length && header.toLowerCase() === name.toLowerCase();
}

/** True for an empty text and for the texts into which JavaScript converts a missing value. */
export function isPlaceholder(text: string): boolean {
  return text === '' || text === 'null' || text === 'undefined';
}

/**
 * Reads a header with one value. Returns `undefined` if it is missing and throws a 400 if it is repeated, because a
 * proxy in front of Usher may use the other value. XMLHttpRequest and proxies join repeated headers with a comma.
 */
export function onlyText(name: string, lines: readonly string[]): string | undefined {
  const [first, second] = lines;
  if (second !== undefined || first?.includes(',') === true) throw malformed(`${name} is repeated`);
  return first;
}
