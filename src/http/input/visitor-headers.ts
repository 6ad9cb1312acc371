import type { FastifyRequest } from 'fastify';
import type { Forward, VisitorHeaders } from '../../policy/forward.ts';
import { namesCookie } from '../../runtime/cookie-names.ts';
import { headerValues, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-origin.ts';

/** The headers of a request. Private, so that a log or an error that has this object does not have their values. */
export class RequestHeaders implements VisitorHeaders {
  readonly #raw: RawHeaders;
  readonly #allowedOrigins: readonly string[];

  constructor(raw: RawHeaders, allowedOrigins: readonly string[]) {
    this.#raw = raw;
    this.#allowedOrigins = allowedOrigins;
  }

  select({ headers, cookies }: Forward): Readonly<Record<string, string>> {
    const selected: Record<string, string> = {};
    for (const name of headers) {
      const values = headerValues(this.#raw, name).filter((value) => value !== '');
      // A repeated header is one list (RFC 9110 §5.3), and repeated cookies are one header (RFC 9113 §8.2.3).
      if (values.length > 0) selected[name] = values.join(name === 'cookie' ? '; ' : ', ');
    }
    const pairs = cookies.length === 0 ? [] : this.#cookiesNamed(cookies);
    if (pairs.length > 0) selected['cookie'] = pairs.join('; ');
    return selected;
  }

  /** Programs send neither `Origin` nor `Sec-Fetch-Site`, and have no cookies of somebody else. */
  isFromForeignPage(): boolean {
    const origins = headerValues(this.#raw, 'origin');
    const sites = headerValues(this.#raw, 'sec-fetch-site');
    if (origins.length + sites.length === 0) return false;
    const isOwnPage = origins.length <= 1 && sites.length === 1 && sites[0] === 'same-origin';
    return !isOwnPage && !isFromAllowedPage(this.#raw, this.#allowedOrigins);
  }

  #cookiesNamed(names: readonly string[]): readonly string[] {
    return headerValues(this.#raw, 'cookie')
      .flatMap((line) => line.split(';'))
      .map((pair) => pair.trim())
      .filter((pair) => pair.includes('=') && namesCookie(names, pair.slice(0, pair.indexOf('='))));
  }
}

/** The headers of a request that a policy may pass on. */
export type HeadersOf = (request: FastifyRequest) => VisitorHeaders;

export function createHeadersOf(allowedOrigins: readonly string[]): HeadersOf {
  return ({ raw }) => new RequestHeaders(raw.rawHeaders, allowedOrigins);
}
