const minDistinctCharacters = 8;

/**
 * Explains why a text is too weak for a secret, without the text itself. Returns `undefined` if it is strong enough. RFC
 * 7518 §3.2 requires at least as many bytes as the hash has, which are 32 for HS256: an attacker who guesses the secret can sign tokens for any user.
 */
export function secretWeakness(text: string, minBytes = 32): string | undefined {
  if (Buffer.byteLength(text) < minBytes) return `is shorter than ${minBytes} bytes`;
  if (new Set(text).size < minDistinctCharacters) {
    return `has fewer than ${minDistinctCharacters} different characters`;
  }
  return undefined;
}
