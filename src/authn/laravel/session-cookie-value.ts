import { createHmac } from 'node:crypto';
import { equalsConstantTime } from '../constant-time.ts';
import { decryptLaravel, type LaravelKeys } from './encrypter.ts';

/** The session id of a cookie, or the part that does not fit. */
type SessionIdResult =
  { readonly id: string } | { readonly fault: 'malformed' | 'unknown-key' | 'cookie-name' | 'id' };

/** Browsers store at most 4096 bytes of a cookie. */
const maxCookieLength = 8192;

/**
 * Reads the session id from the value of a session cookie (`Illuminate/Cookie/Middleware/EncryptCookies.php`). The
 * decrypted text begins with a HMAC of the cookie's name, so that another cookie of the application, which visitors may be able
 * to choose, is no session. That HMAC may be of any key. Laravel writes `%3D` for `=`, and no other percent code.
 */
export function readSessionId(
  cookie: string,
  cookieName: string,
  keys: LaravelKeys,
): SessionIdResult {
  if (cookie.length > maxCookieLength) return { fault: 'malformed' };
  const decrypted = decryptLaravel(cookie.replace(/%3D/gi, '='), keys);
  if ('fault' in decrypted) return decrypted;
  const text = decrypted.bytes.toString('latin1');
  const prefix = text.slice(0, prefixLength);
  const matches = keys.keys.filter((key) =>
    equalsConstantTime(
      `${createHmac('sha1', key).update(`${cookieName}v2`).digest('hex')}|`,
      prefix,
    ),
  );
  if (matches.length === 0) return { fault: 'cookie-name' };
  const id = text.slice(prefixLength);
  // `Illuminate/Session/Store.php`, `isValidId`.
  return /^[A-Za-z0-9]{40}$/.test(id) ? { id } : { fault: 'id' };
}

/** A SHA-1 in hex and a `|`. */
const prefixLength = 41;
