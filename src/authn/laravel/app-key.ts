import { decodeExactly } from '../exact-base64.ts';

/** The ciphers of Laravel's `Encrypter`, with the length of their keys in bytes. */
const keyLengths = {
  'AES-256-CBC': 32,
  'AES-128-CBC': 16,
  'AES-256-GCM': 32,
  'AES-128-GCM': 16,
} as const;

export type LaravelCipher = keyof typeof keyLengths;

export const laravelCiphers = Object.keys(keyLengths) as readonly LaravelCipher[];

/**
 * Reads the bytes of an `APP_KEY`: `base64:` and base64, or the text itself (`EncryptionServiceProvider::parseKey`). A
 * `problem` is the rest of a sentence that begins with the name of the setting. It never contains the key.
 */
export function readAppKey(
  text: string,
  cipher: LaravelCipher,
): { readonly bytes: Buffer } | { readonly problem: string } {
  const [, encoded] = /^base64:(.*)$/s.exec(text) ?? [];
  const bytes = encoded === undefined ? Buffer.from(text) : decodeExactly(encoded, 'base64');
  const length = keyLengths[cipher];
  return bytes?.length === length
    ? { bytes }
    : {
        problem: `must be a key of ${length} bytes for ${cipher}, as in the application’s environment: base64: and its base64, or ${length} characters`,
      };
}
