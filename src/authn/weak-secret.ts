const fewestBytes = 32;
const fewestDistinct = 8;

/**
 * Says in words, without the text itself, why it is too weak for an HS256 secret; `undefined` when it is not.
 * RFC 7518 §3.2 asks for 256 bits at least: whoever guesses the secret signs tokens for everybody.
 */
export function weakSecret(text: string): string | undefined {
  if (Buffer.byteLength(text) < fewestBytes) return `is shorter than ${fewestBytes} bytes`;
  if (new Set(text).size < fewestDistinct) {
    return `has fewer than ${fewestDistinct} different characters`;
  }
  return undefined;
}
