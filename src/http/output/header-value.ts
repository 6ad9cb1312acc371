/**
 * Percent-encodes the UTF-8 of a value of a header as `encodeURIComponent` does, so no value can end its header or add
 * a part to a list. `encodeURIComponent` throws on a lone surrogate, which a buffer converts to U+FFFD.
 */
export function headerValue(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
