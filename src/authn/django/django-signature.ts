import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import { equalsConstantTime } from '../constant-time.ts';

/** A text with a timestamp and a verified Django signature. `signedAt` is in milliseconds since the epoch. */
interface SignedText {
  readonly body: string;
  readonly signedAt: number;
}

/**
 * Derives the keys of Django's `salted_hmac` with SHA-256 for this salt, first from `SECRET_KEY`, then from each of
 * `SECRET_KEY_FALLBACKS` (Django ≥ 3.1; the older SHA-1 is not supported).
 */
export function saltedKeys(salt: string, secretKeys: readonly Secret[]): readonly KeyObject[] {
  return secretKeys.map((secretKey) =>
    createSecretKey(createHash('sha256').update(`${salt}${secretKey.reveal()}`).digest()),
  );
}

/**
 * True if one of the keys created this HMAC-SHA256 of the text. Tries all keys, so that the time does not disclose
 * which one matched.
 */
export function isSignedBy(
  keys: readonly KeyObject[],
  text: string,
  signature: { readonly mac: string; readonly encoding: 'hex' | 'base64url' },
): boolean {
  const matches = keys.filter((key) =>
    equalsConstantTime(
      createHmac('sha256', key).update(text).digest(signature.encoding),
      signature.mac,
    ),
  );
  return matches.length > 0;
}

/** The maximum length of the signed text, in characters: more than any session below the size limit needs. */
const maxTextLength = 1_500_000;

/**
 * Parses `BODY:TIME:SIG` of Django's `TimestampSigner`. Returns `undefined` unless the format and the signature are
 * valid.
 */
export function readSignedText(text: string, keys: readonly KeyObject[]): SignedText | undefined {
  if (text.length > maxTextLength) return undefined;
  // Split from the right: only the last two parts are certain to come from Django.
  const [, body = '', time = '', mac = ''] =
    /^([^]*):([0-9A-Za-z]{1,8}):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (body === '' || !isSignedBy(keys, `${body}:${time}`, { mac, encoding: 'base64url' })) {
    return undefined;
  }
  return { body, signedAt: base62(time) * 1000 };
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Implements Django's `b62_decode`, without the sign: a time is never negative. */
function base62(text: string): number {
  return Array.from(text).reduce((number, digit) => number * 62 + digits.indexOf(digit), 0);
}
