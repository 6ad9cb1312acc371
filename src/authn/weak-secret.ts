const minBytes = 32;
const minDistinctCharacters = 8;

/**
 * Says in words, without the text itself, why it is too weak for an HS256 secret; `undefined` when it is not.
 * RFC 7518 §3.2 asks for 256 bits at least: whoever guesses the secret signs tokens for everybody.
 */
export function secretWeakness(text: string): string | undefined {
  if (Buffer.byteLength(text) < minBytes) return `is shorter than ${minBytes} bytes`;
  if (new Set(text).size < minDistinctCharacters) {
    return `has fewer than ${minDistinctCharacters} different characters`;
  }
  return undefined;
}
