/** Headers as they came, names and values in turn: Node's `rawHeaders`, where a repeated header is still seen. */
export type RawHeaders = readonly string[];

/** All values of a header, in the order in which they came; `name` in lower case. */
export function headerValues(headers: RawHeaders, name: string): readonly string[] {
  return headers.filter((_value, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
}
