import { Secret } from '../../runtime/secret.ts';
import { namesCookie, type CookieNames } from '../../runtime/cookie-names.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { namesOrigin } from '../../runtime/network/allowed-origins.ts';

/** Cookie mode: the application's session cookies are a credential for pages of these origins. */
export interface CookieMode {
  readonly cookies: CookieNames;
  /** Whether the credential is the value of the only cookie. Otherwise it is all cookies that are present, with names. */
  readonly isOnly: boolean;
  readonly allowedOrigins: readonly string[];
  /** Whether the application is a PHP application, which reads the names `a.b`, `a b` and `a_b` as the same one. */
  readonly isPhp?: boolean;
}

/** The session cookies of a request, `absent`, or the reason for which they do not count. */
type SessionCookieResult =
  | { readonly value: Secret }
  | 'absent'
  | 'repeated-cookie'
  | 'joined-cookies'
  | 'malformed-cookie'
  | 'foreign-page';

/** Finds the session cookies. Checks the page's origin only if there is one. Also works for WebSocket upgrades. */
export function findSession(headers: RawHeaders, mode: CookieMode): SessionCookieResult {
  const { found, behindCommas } = sessionCookies(mode, headers);
  // Django uses the last of two cookies, other servers use the first. An attacker who can set a second cookie could
  // choose the session.
  const names = [...found, ...behindCommas].map(({ name }) => name);
  if (found.length > 0 && new Set(names).size < names.length) return 'repeated-cookie';
  // A page that can set another cookie could put the session cookie into its value, which bypasses `__Host-`.
  if (behindCommas.length > 0) return 'joined-cookies';
  if (found.length === 0) return 'absent';
  if (!found.every(isWellFormed)) return 'malformed-cookie';
  return isFromAllowedPage(headers, mode.allowedOrigins)
    ? { value: new Secret(textOf(found, mode)) }
    : 'foreign-page';
}

function textOf(found: readonly NamedCookie[], { isOnly }: CookieMode): string {
  return found.map(({ name, text }) => (isOnly ? text : `${name}=${text}`)).join('; ');
}

/** `isMisspelt` is a cookie that a PHP application reads, although its name is another one. */
interface NamedCookie {
  readonly name: string;
  readonly text: string;
  readonly isMisspelt?: boolean;
}

const isWellFormed = ({ text, isMisspelt = false }: NamedCookie): boolean =>
  !isMisspelt && isCookieValue(text);

/**
 * Returns the cookies of these names in all `Cookie` headers, and those that follow a comma: Apache and others join two
 * headers with a comma instead of a semicolon (RFC 9113 §8.2.3). Names match as leniently as in any application.
 */
function sessionCookies(
  { cookies, isPhp = false }: CookieMode,
  headers: RawHeaders,
): { readonly found: readonly NamedCookie[]; readonly behindCommas: readonly NamedCookie[] } {
  const read = (pair: string) => (isPhp ? phpCookie : cookie)(pair, cookies);
  const pairs = headerValues(headers, 'cookie').flatMap((header) => header.split(';'));
  const behind = pairs.flatMap((pair) => pair.split(',').slice(1));
  return {
    found: pairs.flatMap((pair) => read(pair) ?? []),
    behindCommas: behind.flatMap((pair) => read(pair) ?? []),
  };
}

function cookie(pair: string, cookies: CookieNames): NamedCookie | undefined {
  const equals = pair.indexOf('=');
  if (equals < 0) return undefined;
  const name = bare(pair.slice(0, equals));
  return namesCookie(cookies, name) ? { name, text: pair.slice(equals + 1).trim() } : undefined;
}

/**
 * Reads a cookie as PHP does (`main/php_variables.c`): in its name, blanks and dots become `_`, `[` begins the key of an
 * array, and a cookie without `=` is empty.
 */
function phpCookie(pair: string, cookies: CookieNames): NamedCookie | undefined {
  const [, written = '', text = ''] = /^\s*([^=]*)=?(.*)$/s.exec(pair) ?? [];
  if (namesCookie(cookies, written)) return { name: written, text: text.trim() };
  const name = written.replace(/\[.*$/s, '').replace(/[ .]/g, '_');
  return namesCookie(cookies, name) ? { name, text: '', isMisspelt: true } : undefined;
}

/** Trims all characters that are not visible ASCII. Django strips more white space than RFC 6265 defines. */
function bare(name: string): string {
  return name.replace(/^[^!-~]+/, '').replace(/[^!-~]+$/, '');
}

/** RFC 6265 §4.1.1: `cookie-value`, with or without quotes. */
function isCookieValue(value: string): boolean {
  return /^("?)[!#-+\--:<-[\]-~]*\1$/.test(value);
}

/** The values of `Sec-Fetch-Site` that are accepted with an allowed `Origin`. A script's request never has `none`. */
const sitesOfScripts: ReadonlySet<string> = new Set(['same-origin', 'same-site', 'cross-site']);

/**
 * True if a request with a session cookie comes from a page that may use it. The check uses headers that browsers set
 * and pages cannot: `Origin` (RFC 6454) must equal an allowed origin exactly. Without `Origin`, `Sec-Fetch-Site` (Fetch
 * Metadata) must be `same-origin`. Refused are requests without both headers, with a repeated one, with `Origin: null`,
 * or with a combination that no browser sends.
 */
export function isFromAllowedPage(headers: RawHeaders, allowedOrigins: readonly string[]): boolean {
  const [origin, secondOrigin] = headerValues(headers, 'origin');
  const [site, secondSite] = headerValues(headers, 'sec-fetch-site');
  if (secondOrigin !== undefined || secondSite !== undefined) return false;
  // Browsers omit `Origin` only in GET requests to their own origin.
  if (origin === undefined) return site === 'same-origin';
  // Only an origin that is listed by name may use a cookie: `*` and wildcards do not match here.
  if (!namesOrigin(allowedOrigins, origin)) return false;
  return site === undefined || sitesOfScripts.has(site);
}
