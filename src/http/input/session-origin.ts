import { namesOrigin } from '../../runtime/network/allowed-origins.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';

/** What `Sec-Fetch-Site` may say beside an allowed `Origin`. A script's request is never `none`. */
const sitesOfScripts: ReadonlySet<string> = new Set(['same-origin', 'same-site', 'cross-site']);

/**
 * True when a request that is known by a cookie comes from a page that may use it, as the browser says in headers that no page can set:
 * `Origin` (RFC 6454) is one of the allowed ones, to the letter; without it, `Sec-Fetch-Site` (Fetch Metadata) is `same-origin`.
 * Neither header, either of them twice, `Origin: null`, and a pair that no browser sends are refused.
 */
export function isFromAllowedPage(headers: RawHeaders, allowedOrigins: readonly string[]): boolean {
  const [origin, secondOrigin] = headerValues(headers, 'origin');
  const [site, secondSite] = headerValues(headers, 'sec-fetch-site');
  if (secondOrigin !== undefined || secondSite !== undefined) return false;
  // Browsers leave Origin out of a GET to their own origin, and of nothing else that asks us.
  if (origin === undefined) return site === 'same-origin';
  // Only named pages may use a cookie: `*` and wildcards do not match here.
  if (!namesOrigin(allowedOrigins, origin)) return false;
  return site === undefined || sitesOfScripts.has(site);
}
