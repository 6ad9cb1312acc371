import { Secret } from '../../runtime/secret.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-origin.ts';

/** Cookie mode: the host's session cookie is a credential for pages of these origins. */
export interface CookieMode {
  readonly cookieName: string;
  readonly allowedOrigins: readonly string[];
  /** Whether the host is a PHP application, which reads the names `a.b`, `a b` and `a_b` as the same one. */
  readonly isPhp?: boolean;
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
  const { values, behindCommas } = cookiesNamed(mode, headers);
  const [value, ...more] = values;
  // Django uses the last of two cookies, other servers use the first. An attacker who can set a second cookie could
  // choose the session.
  if (value !== undefined && more.length + behindCommas > 0) return 'repeated-cookie';
  // A page that can set another cookie could put the session cookie into its value, which bypasses `__Host-`.
  if (behindCommas > 0) return 'joined-cookies';
  if (value === undefined) return 'absent';
  if (value === 'misspelt' || !isCookieValue(value.text)) return 'malformed-cookie';
  return isFromAllowedPage(headers, mode.allowedOrigins)
    ? { value: new Secret(value.text) }
    : 'foreign-page';
}

/** `misspelt` is a cookie that a PHP application reads, although its name is another one. */
type NamedCookie = { readonly text: string } | 'misspelt';

/**
 * Returns the values of all cookies of this name in all `Cookie` headers, and how many more follow a comma: Apache and
 * others join two headers with a comma instead of a semicolon (RFC 9113 §8.2.3). Names match as leniently as in any
 * host.
 */
function cookiesNamed(
  { cookieName, isPhp = false }: CookieMode,
  headers: RawHeaders,
): { readonly values: readonly NamedCookie[]; readonly behindCommas: number } {
  const read = (pair: string) => (isPhp ? phpCookie : cookie)(pair, cookieName);
  const pairs = headerValues(headers, 'cookie').flatMap((header) => header.split(';'));
  const behind = pairs.flatMap((pair) => pair.split(',').slice(1));
  return {
    values: pairs.flatMap((pair) => read(pair) ?? []),
    behindCommas: behind.filter((pair) => read(pair) !== undefined).length,
  };
}

function cookie(pair: string, cookieName: string): NamedCookie | undefined {
  const equals = pair.indexOf('=');
  if (equals < 0 || bare(pair.slice(0, equals)) !== cookieName) return undefined;
  return { text: pair.slice(equals + 1).trim() };
}

/**
 * Reads a cookie as PHP does (`main/php_variables.c`): in its name, blanks and dots become `_`, `[` begins the key of an
 * array, and a cookie without `=` is empty.
 */
function phpCookie(pair: string, cookieName: string): NamedCookie | undefined {
  const [, name = '', text = ''] = /^\s*([^=]*)=?(.*)$/s.exec(pair) ?? [];
  if (name === cookieName) return { text: text.trim() };
  return name.replace(/\[.*$/s, '').replace(/[ .]/g, '_') === cookieName ? 'misspelt' : undefined;
}

/** Trims all characters that are not visible ASCII. Django strips more white space than RFC 6265 defines. */
function bare(name: string): string {
  return name.replace(/^[^!-~]+/, '').replace(/[^!-~]+$/, '');
}

/** RFC 6265 §4.1.1: `cookie-value`, with or without quotes. */
function isCookieValue(value: string): boolean {
  return /^("?)[!#-+\--:<-[\]-~]*\1$/.test(value);
}
