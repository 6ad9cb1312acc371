import { createHmac, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Secret } from '../../src/runtime/secret.ts';

/** The current time of the tests in milliseconds; a whole second. */
export const testNow = Date.UTC(2025, 5, 1, 12);

/** The same in seconds, as claims count time. */
export const testSeconds = testNow / 1000;

/** A secret of at least 32 bytes that is used only in tests. */
export const testSecret = new Secret('5Qk2vW8xTz1rJm7cYb4nHd9fLg6pSa3e-usher-tests');

export type JsonObject = Readonly<Record<string, unknown>>;

/** Claims of a guest token that expires an hour after `testNow`. */
export function guestClaims(changes: JsonObject = {}): JsonObject {
  return {
    booking_id: 'BK-2025-ABC123',
    hotel_slug: 'grand-hotel',
    iat: testSeconds,
    exp: testSeconds + 3600,
    ...changes,
  };
}

/** Claims of a user's bearer token that expires an hour after `testNow`. */
export function userClaims(changes: JsonObject = {}): JsonObject {
  return { sub: '15', tenant_id: '1', iat: testSeconds, exp: testSeconds + 3600, ...changes };
}

/** One segment of a token: base64url of the text, or of the JSON of a value. */
export function segment(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text, 'utf8').toString('base64url');
}

/** Signs any header and payload with HMAC-SHA-256. Uses node:crypto, so that jose does not verify its own output. */
export function hmacToken(
  payload: unknown,
  header: JsonObject = {},
  key: string | Buffer = testSecret.reveal(),
): string {
  const input = `${segment({ alg: 'HS256', typ: 'JWT', ...header })}.${segment(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** Signs with a private key; `header.alg` is the algorithm (RS256, PS512, ES384, EdDSA, Ed25519, etc.). */
export function keyToken(
  payload: unknown,
  header: JsonObject & { readonly alg: string },
  privateKey: KeyObject,
): string {
  const input = `${segment({ typ: 'JWT', ...header })}.${segment(payload)}`;
  const hash = header.alg.startsWith('Ed') ? null : `sha${header.alg.slice(-3)}`;
  const signature = sign(hash, Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
    ...(header.alg.startsWith('PS') && {
      padding: 6,
      saltLength: Number(header.alg.slice(-3)) / 8,
    }),
  });
  return `${input}.${signature.toString('base64url')}`;
}
