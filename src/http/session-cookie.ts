import { Secret } from '../core/secret.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-origin.ts';

/** Cookie mode: the host's session cookie is a credential, for pages of these origins. */
export interface CookieMode {
  readonly cookieName: string;
  readonly allowedOrigins: readonly string[];
}

/** What a request shows of a session: the cookie's value, nothing, or why it does not count. */
export type ShownSession =
  { readonly value: Secret } | 'absent' | 'repeated-cookie' | 'malformed-cookie' | 'foreign-page';

/** Looks for the session cookie, and for where the request comes from once there is one. Works for upgrades as well. */
export function findSession(headers: RawHeaders, mode: CookieMode): ShownSession {
  const [value, second] = cookieValues(headers, mode.cookieName);
  if (value === undefined) return 'absent';
  // Django takes the last of two, others the first: whoever could plant one would decide who asks.
  if (second !== undefined) return 'repeated-cookie';
  if (!isCookieValue(value)) return 'malformed-cookie';
  return isFromAllowedPage(headers, mode.allowedOrigins)
    ? { value: new Secret(value) }
    : 'foreign-page';
}

/** The values of all cookies of this name, in all `Cookie` headers. Names are taken as generously as any host may take them. */
function cookieValues(headers: RawHeaders, name: string): readonly string[] {
  const pairs = headerValues(headers, 'cookie').flatMap((header) => header.split(';'));
  return pairs.flatMap((pair) => {
    const equals = pair.indexOf('=');
    return equals >= 0 && bare(pair.slice(0, equals)) === name
      ? [pair.slice(equals + 1).trim()]
      : [];
  });
}

/** Without blanks of any kind around: Django strips more of them than RFC 6265 knows. */
function bare(name: string): string {
  return name.replace(/^[^!-~]+/, '').replace(/[^!-~]+$/, '');
}

/** RFC 6265 §4.1.1: `cookie-value`, perhaps in quotes. */
function isCookieValue(value: string): boolean {
  return /^("?)[!#-+\--:<-[\]-~]*\1$/.test(value);
}
