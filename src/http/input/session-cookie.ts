import { Secret } from '../../runtime/secret.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-origin.ts';

/** Cookie mode: the host's session cookie is a credential for pages of these origins. */
export interface CookieMode {
  readonly cookieName: string;
  readonly allowedOrigins: readonly string[];
}

/** The session cookie of a request: its value, `absent`, or the reason for which it does not count. */
export type SessionCookieResult =
  | { readonly value: Secret }
  | 'absent'
  | 'repeated-cookie'
  | 'joined-cookies'
  | 'malformed-cookie'
  | 'foreign-page';

/** Finds the session cookie. Checks the page's origin only if there is a cookie. Also works for WebSocket upgrades. */
export function findSession(headers: RawHeaders, mode: CookieMode): SessionCookieResult {
  const { values, behindCommas } = cookiesNamed(mode.cookieName, headers);
  const [value, ...more] = values;
  // Django uses the last of two cookies, other servers use the first. An attacker who can set a second cookie could
  // choose the session.
  if (value !== undefined && more.length + behindCommas > 0) return 'repeated-cookie';
  // A page that can set another cookie could put the session cookie into its value, which bypasses `__Host-`.
  if (behindCommas > 0) return 'joined-cookies';
  if (value === undefined) return 'absent';
  if (!isCookieValue(value)) return 'malformed-cookie';
  return isFromAllowedPage(headers, mode.allowedOrigins)
    ? { value: new Secret(value) }
    : 'foreign-page';
}

/**
 * Returns the values of all cookies of this name in all `Cookie` headers, and how many more follow a comma: Apache and
 * others join two headers with a comma instead of a semicolon (RFC 9113 §8.2.3). Names match as leniently as in any
 * host.
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

/** Trims all characters that are not visible ASCII. Django strips more white space than RFC 6265 defines. */
function bare(name: string): string {
  return name.replace(/^[^!-~]+/, '').replace(/[^!-~]+$/, '');
}

/** RFC 6265 §4.1.1: `cookie-value`, with or without quotes. */
function isCookieValue(value: string): boolean {
  return /^("?)[!#-+\--:<-[\]-~]*\1$/.test(value);
}
