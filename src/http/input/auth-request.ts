import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/audit-event.ts';
import type { UserAuthRequest } from '../../authorize/auth-request.ts';
import type { Forward, VisitorHeaders } from '../../policy/forward.ts';
import { namesCookie } from '../../runtime/cookie-names.ts';
import { malformed } from '../output/problem.ts';
import { requiredField } from './body.ts';
import type { CredentialsOf } from './credentials.ts';
import { maxCharacters } from './lengths.ts';
import { headerValues, isPlaceholder, onlyText, type RawHeaders } from './raw-headers.ts';
import { isFromAllowedPage } from './session-cookie.ts';

const maxUserAgentLength = 256;
const maxTenantLength = 128;

const origins = new WeakMap<FastifyRequest, Origin>();

/**
 * Returns the origin of a request. Returns the same object for each call with the same request: refusals are counted
 * once per object.
 */
export function originOf(request: FastifyRequest): Origin {
  const origin = origins.get(request) ?? readOrigin(request);
  origins.set(request, origin);
  return origin;
}

function readOrigin(request: FastifyRequest): Origin {
  const userAgent = request.headers['user-agent'];
  return {
    requestId: request.id,
    address: request.ip,
    userAgent:
      userAgent === undefined
        ? undefined
        : escapeControlCharacters(userAgent.slice(0, maxUserAgentLength)),
  };
}

/**
 * Removes control characters, including those of Latin-1, which a header value may contain. A terminal that prints the
 * row could execute them.
 */
function escapeControlCharacters(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

/** Reads the parts that all general routes have in common: socket, credentials, tenants and origin. */
export function authRequestOf(
  request: FastifyRequest,
  { credentialsOf, headersOf }: ReadAuthRequest,
): UserAuthRequest {
  return {
    socketId: requiredField(request.body, 'socket_id', maxCharacters.socketId),
    credentials: credentialsOf(request),
    constraints: { tenantIds: namedTenants(request) },
    origin: originOf(request),
    headers: headersOf(request),
  };
}

interface ReadAuthRequest {
  readonly credentialsOf: CredentialsOf;
  readonly headersOf: HeadersOf;
}

/** Returns the tenants in the header and in the path of a request. */
export function namedTenants(request: FastifyRequest): readonly string[] {
  const { tenantId } = request.params as { readonly tenantId?: string };
  const inHeader = tenantsInHeader(request);
  return tenantId === undefined ? inHeader : [...inHeader, boundedTenant(tenantId)];
}

/** Returns the tenant in the header of a request, if there is one. */
export function tenantsInHeader({ raw }: FastifyRequest): readonly string[] {
  const header = onlyText('X-Tenant-ID', headerValues(raw.rawHeaders, 'X-Tenant-ID'));
  return header === undefined || isPlaceholder(header) ? [] : [boundedTenant(header)];
}

function boundedTenant(tenant: string): string {
  if (tenant.length > maxTenantLength) throw malformed('The tenant is too long');
  return tenant;
}

/** The headers of a request that a policy may pass on. */
export type HeadersOf = (request: FastifyRequest) => VisitorHeaders;

export function createHeadersOf(allowedOrigins: readonly string[]): HeadersOf {
  return ({ raw }) => new RequestHeaders(raw.rawHeaders, allowedOrigins);
}

/** The headers of a request. Private, so that a log or an error that has this object does not have their values. */
export class RequestHeaders implements VisitorHeaders {
  readonly #raw: RawHeaders;
  readonly #allowedOrigins: readonly string[];

  constructor(raw: RawHeaders, allowedOrigins: readonly string[]) {
    this.#raw = raw;
    this.#allowedOrigins = allowedOrigins;
  }

  select(forward: Forward): Readonly<Record<string, string>> {
    const all = this.#selectAll(forward);
    if (!this.isWithheld(forward)) return all;
    return Object.fromEntries(Object.entries(all).filter((header) => !isAddedByBrowsers(header)));
  }

  isWithheld(forward: Forward): boolean {
    const all = Object.entries(this.#selectAll(forward));
    return all.some(isAddedByBrowsers) && this.#isFromForeignPage();
  }

  #selectAll({ headers, cookies }: Forward): Readonly<Record<string, string>> {
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
  #isFromForeignPage(): boolean {
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

/** Browsers send cookies and the HTTP authentication of a site by themselves, for any page. */
function isAddedByBrowsers([name, value]: readonly [string, string]): boolean {
  return name === 'cookie' || (name === 'authorization' && !/^bearer /i.test(value));
}
