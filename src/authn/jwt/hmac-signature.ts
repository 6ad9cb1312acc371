import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { HmacAlgorithm } from './token-key.ts';

/** The hash of each HMAC algorithm (RFC 7518 §3.2). */
const hashes = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;

/**
 * Verifies the HMAC of a compact JWT of three canonical segments (`readJwtHeader`). Returns its payload, or `undefined` if the
 * signature is invalid. Throws if the key is not a secret. Synchronous, because jose uses Web Crypto, whose thread pool takes six
 * times as long as the hash.
 */
export function verifyHmac(
  text: string,
  { algorithm, key }: { readonly algorithm: HmacAlgorithm; readonly key: KeyObject },
): Uint8Array | undefined {
  const inputEnd = text.lastIndexOf('.');
  const expected = createHmac(hashes[algorithm], key).update(text.slice(0, inputEnd)).digest();
  const signature = Buffer.from(text.slice(inputEnd + 1), 'base64url');
  const isValid = signature.length === expected.length && timingSafeEqual(signature, expected);
  return isValid
    ? Buffer.from(text.slice(text.indexOf('.') + 1, inputEnd), 'base64url')
    : undefined;
}
