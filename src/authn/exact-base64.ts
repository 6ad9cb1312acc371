/**
 * Decodes base64 (RFC 4648 §4, with padding) or base64url (§5, without). Returns `undefined` for any text that is not
 * the encoding of its bytes: Node.js skips characters of no alphabet, so that several texts would have the same bytes.
 */
export function decodeExactly(text: string, encoding: 'base64' | 'base64url'): Buffer | undefined {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}
