import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import { equalsConstantTime } from '../constant-time.ts';

/** A text that Django signed with a time, whose signature was found good; `signedAt` in milliseconds since the epoch. */
export interface SignedText {
  readonly body: string;
  readonly signedAt: number;
}

/**
 * The keys of Django's `salted_hmac` with SHA-256 for one purpose: of `SECRET_KEY`, then of each of
 * `SECRET_KEY_FALLBACKS` (Django ≥ 3.1; the sha1 of before is not made at all).
 */
export function saltedKeys(salt: string, secretKeys: readonly Secret[]): readonly KeyObject[] {
  return secretKeys.map((secretKey) =>
    createSecretKey(createHash('sha256').update(`${salt}${secretKey.reveal()}`).digest()),
  );
}

/** True when one of the keys made this HMAC-SHA256 of the text; every key is tried, so that time does not tell which. */
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

/** Longer than any session that is not refused for its size, in characters. */
const maxTextLength = 1_500_000;

/** Reads `BODY:TIME:SIG` of Django's `TimestampSigner`; `undefined` unless its form and its signature are good. */
export function readSignedText(text: string, keys: readonly KeyObject[]): SignedText | undefined {
  if (text.length > maxTextLength) return undefined;
  // From the right: only there is it certain what Django put in.
  const [, body = '', time = '', mac = ''] =
    /^([^]*):([0-9A-Za-z]{1,8}):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (body === '' || !isSignedBy(keys, `${body}:${time}`, { mac, encoding: 'base64url' })) {
    return undefined;
  }
  return { body, signedAt: base62(time) * 1000 };
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Django's `b62_decode`, without the sign that no time has. */
function base62(text: string): number {
  return Array.from(text).reduce((number, digit) => number * 62 + digits.indexOf(digit), 0);
}
