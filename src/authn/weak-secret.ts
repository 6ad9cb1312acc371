const minBytes = 32;
const minDistinctCharacters = 8;

/**
 * Explains why a text is too weak for an HS256 secret, without the text itself. Returns `undefined` if it is strong
 * enough. RFC 7518 §3.2 requires at least 256 bits: an attacker who guesses the secret can sign tokens for any user.
 */
export function secretWeakness(text: string): string | undefined {
  if (Buffer.byteLength(text) < minBytes) return `is shorter than ${minBytes} bytes`;
  if (new Set(text).size < minDistinctCharacters) {
    return `has fewer than ${minDistinctCharacters} different characters`;
  }
  return undefined;
}
