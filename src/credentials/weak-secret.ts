const fewestBytes = 32;
const fewestDistinct = 8;
const fewestOwnCharacters = 16;

/** What documentation and templates build their placeholder secrets from; longer words first, so that they match whole. */
const placeholderWords = [
  ...['abcdefghijklmnopqrstuvwxyz', 'authentication', 'placeholder', 'development', 'application'],
  ...['0123456789', '1234567890', 'production', 'characters', 'password', 'insecure', 'laravel'],
  ...['replace', 'example', 'default', 'private', 'session', 'minimum', 'abcdef', 'please'],
  ...['random', 'change', 'string', 'django', 'secret', 'secure', 'should', 'insert', 'pusher'],
  ...['usher', 'guest', 'super', 'token', 'value', 'least', 'bytes', 'chars', 'admin', 'qwerty'],
  ...['hmac', 'your', 'this', 'must', 'long', 'with', 'here', 'user', 'some', 'very', 'test'],
  ...['jwt', 'key', '123', '256', '512', 'bit', 'dev', 'not', 'use', 'env', 'app', 'the', 'for'],
  ...['and', 'my', 'me', 'is', 'in', 'at', 'be', 'do', 'to', 'of'],
];
const separators = /[\s_.-]/g;
const placeholders = new RegExp(placeholderWords.join('|'), 'g');

/**
 * Says in words, without the text itself, why it is too weak for an HS256 secret; `undefined` when it is not.
 * RFC 7518 §3.2 asks for 256 bits at least; whoever guesses the secret can sign tokens for everybody.
 */
export function weakSecret(text: string): string | undefined {
  if (Buffer.byteLength(text) < fewestBytes) {
    return `is shorter than ${fewestBytes} bytes`;
  }
  if (new Set(text).size < fewestDistinct) {
    return `has fewer than ${fewestDistinct} different characters`;
  }
  // Only what is left counts: `secret-key-` before 64 random characters is fine, `your-256-bit-secret-…` is not.
  const own = text.toLowerCase().replace(separators, '').replace(placeholders, '');
  return own.length < fewestOwnCharacters ? 'looks like a placeholder' : undefined;
}
