import { Secret } from '../../runtime/secret.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-origin.ts';

/** Cookie mode: the host's session cookie is a credential, for pages of these origins. */
export interface CookieMode {
  readonly cookieName: string;
  readonly allowedOrigins: readonly string[];
}

/** What a request shows of a session: the cookie's value, nothing, or why it does not count. */
export type SessionCookieResult =
  | { readonly value: Secret }
  | 'absent'
  | 'repeated-cookie'
  | 'joined-cookies'
  | 'malformed-cookie'
  | 'foreign-page';

/** Looks for the session cookie, and for where the request comes from once there is one. Works for upgrades as well. */
export function findSession(headers: RawHeaders, mode: CookieMode): SessionCookieResult {
  const { values, behindCommas } = cookiesNamed(mode.cookieName, headers);
  const [value, ...more] = values;
  // Django takes the last of two, others the first: whoever could plant one would decide who asks.
  if (value !== undefined && more.length + behindCommas > 0) return 'repeated-cookie';
  // A page that may set another cookie could have put it into that cookie's value, which bypasses `__Host-`.
  if (behindCommas > 0) return 'joined-cookies';
  if (value === undefined) return 'absent';
  if (!isCookieValue(value)) return 'malformed-cookie';
  return isFromAllowedPage(headers, mode.allowedOrigins)
    ? { value: new Secret(value) }
    : 'foreign-page';
}

/**
 * The values of all cookies of this name, in all `Cookie` headers, and how many more follow a comma: Apache and
 * others join two headers with a comma instead of a semicolon (RFC 9113 §8.2.3). Names are matched as leniently as any
 * host may match them.
 */
function cookiesNamed(
  name: string,
  headers: RawHeaders,
): { readonly values: readonly string[]; readonly behindCommas: number } {
  const pairs = headerValues(headers, 'cookie').flatMap((header) => header.split(';'));
  const isNamed = (pair: string): boolean => {
    const equals = pair.indexOf('=');
    return equals >= 0 && bare(pair.slice(0, equals)) === name;
  };
  const behind = pairs.flatMap((pair) => pair.split(',').slice(1));
  return {
    values: pairs.filter(isNamed).map((pair) => pair.slice(pair.indexOf('=') + 1).trim()),
    behindCommas: behind.filter(isNamed).length,
  };
}

/** Without blanks of any kind around: Django strips more of them than RFC 6265 knows. */
function bare(name: string): string {
  return name.replace(/^[^!-~]+/, '').replace(/[^!-~]+$/, '');
}

/** RFC 6265 §4.1.1: `cookie-value`, perhaps in quotes. */
function isCookieValue(value: string): boolean {
  return /^("?)[!#-+\--:<-[\]-~]*\1$/.test(value);
}
