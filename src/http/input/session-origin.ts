import { namesOrigin } from '../../runtime/network/allowed-origins.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';

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
