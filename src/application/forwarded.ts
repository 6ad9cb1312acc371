import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../runtime/secret.ts';

/** A hash of forwarded headers, for keys that are kept in memory. */
export function headersHash(headers: Readonly<Record<string, string>>): string {
  const names = Object.keys(headers).sort();
  if (names.length === 0) return '';
  const pairs = names.map((name) => [name, headers[name]]);
  return createHash('sha256').update(JSON.stringify(pairs)).digest('base64');
}

/**
 * Returns the name of a visitor whose credential Usher cannot read. The hash has a key, because it is in the audit log, and a
 * password could be guessed from a hash without one.
 */
export function fingerprintOf(
  { cookie, authorization, ...others }: Readonly<Record<string, string>>,
  secret: Secret,
): string {
  const credential =
    cookie === undefined && authorization === undefined ? others : { cookie, authorization };
  return createHmac('sha256', secret.reveal())
    .update(`usher host visitor ${JSON.stringify(credential)}`)
    .digest('base64url')
    .slice(0, 22);
}
