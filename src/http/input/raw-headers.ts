/** Alternating header names and values, as in Node's `rawHeaders`. Repeated headers are preserved. */
export type RawHeaders = readonly string[];

/** Returns all values of a header in the order received. `name` is in lower case. */
export function headerValues(headers: RawHeaders, name: string): readonly string[] {
  return headers.filter((_value, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
}
