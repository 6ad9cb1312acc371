const minDistinct = 8;

/**
 * Explains why a text, or bytes, are too weak for a secret, without the secret itself. Returns `undefined` if it is strong enough. RFC
 * 7518 §3.2 requires at least as many bytes as the hash has, which are 32 for HS256: an attacker who guesses the secret can sign tokens for any user.
 */
export function secretWeakness(secret: string | Uint8Array, minBytes = 32): string | undefined {
  const isText = typeof secret === 'string';
  const length = isText ? Buffer.byteLength(secret) : secret.length;
  if (length < minBytes) return `is shorter than ${minBytes} bytes`;
  if (new Set<unknown>(secret).size < minDistinct) {
    return `has fewer than ${minDistinct} different ${isText ? 'characters' : 'bytes'}`;
  }
  return undefined;
}
