import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/audit-event.ts';
import type { Credential } from '../../authn/credential.ts';
import type { UserAuthRequest } from '../../authorize/auth-request.ts';
import { Secret } from '../../runtime/secret.ts';
import { malformed } from '../output/problem.ts';
import { ownField, requiredField, textField } from './body.ts';
import { maxCharacters } from './lengths.ts';
import type { HeadersOf } from './visitor-headers.ts';

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

export interface ReadAuthRequest {
  readonly credentialsOf: (request: FastifyRequest) => readonly Credential[];
  readonly headersOf: HeadersOf;
}

/** Extracts the explicit credentials of a request without verifying them. The result may contain several. */
export function explicitCredentials(request: FastifyRequest): readonly Credential[] {
  return [...bearerCredentials(request), ...guestSessionCredentials(request)];
}

/** Extracts the guest session from the header and the body. The same token in both is one credential. */
export function guestSessionCredentials(request: FastifyRequest): readonly Credential[] {
  const inHeader = credentialText('X-Guest-Session', headerLines(request, 'X-Guest-Session'));
  const inBody = credentialField(request, 'guest_session');
  const given = [inHeader ?? '', inBody ?? ''].filter((text) => !isPlaceholder(text));
  return [...new Set(given)].map((text) => ({ kind: 'guest-session', text: new Secret(text) }));
}

/**
 * Extracts the bearer token of a request. `Bearer` without a token is no credential. HTTP authentication of the site is
 * none either, because browsers send it automatically (RFC 7617 §2.2, RFC 7616 §3.6, RFC 4559).
 */
export function bearerCredentials(request: FastifyRequest): readonly Credential[] {
  const lines = headerLines(request, 'Authorization');
  if (lines.length === 1 && isSiteAuthentication(lines[0] ?? '')) return [];
  const header = credentialText('Authorization', lines);
  const given = header?.replace(/^bearer(?: +|$)/i, '');
  if (header === undefined || given === undefined || isPlaceholder(given)) return [];
  // An unknown scheme counts as an invalid credential. Otherwise the request would be treated as anonymous.
  const [, token = ''] = /^Bearer +([^ ]+)$/i.exec(header) ?? [];
  return [{ kind: 'bearer', text: new Secret(token) }];
}

/** Extracts the user's token from this body field, for clients that cannot send headers. */
export function fieldCredentials(request: FastifyRequest, field: string): readonly Credential[] {
  const token = credentialField(request, field) ?? '';
  return isPlaceholder(token) ? [] : [{ kind: 'bearer', text: new Secret(token) }];
}

/**
 * Reads a body field that may contain a credential. A JSON `null` is no credential, because some clients send empty
 * fields.
 */
function credentialField({ body }: FastifyRequest, name: string): string | undefined {
  return ownField(body, name) === null ? undefined : textField(body, name, maxCharacters.token);
}

/**
 * True for HTTP authentication of the site. A Digest header contains commas, so only a bearer token after a comma is a
 * repeated header. If that token were ignored, the session cookie would be used instead.
 */
function isSiteAuthentication(header: string): boolean {
  return /^(?:basic|digest|negotiate|ntlm)\b/i.test(header) && !/,\s*bearer\b/i.test(header);
}

/** Returns the tenants in the header and in the path of a request. */
export function namedTenants(request: FastifyRequest): readonly string[] {
  const header = onlyText('X-Tenant-ID', headerLines(request, 'X-Tenant-ID'));
  const { tenantId } = request.params as { readonly tenantId?: string };
  const named = header === undefined || isPlaceholder(header) ? undefined : header;
  const tenants = [named, tenantId].filter((tenant) => tenant !== undefined);
  if (tenants.some((tenant) => tenant.length > maxTenantLength)) {
    throw malformed('The tenant is too long');
  }
  return tenants;
}

/** Reads a header that contains a credential. No client sends it twice, so even two equal lines are a 400. */
function credentialText(name: string, lines: readonly string[]): string | undefined {
  if (lines.length > 1) throw malformed(`${name} is repeated`);
  return onlyText(name, lines);
}

/** True for an empty text and for the texts into which JavaScript converts a missing value. */
function isPlaceholder(text: string): boolean {
  return text === '' || text === 'null' || text === 'undefined';
}

/**
 * Reads a header with one value. Returns `undefined` if it is missing and throws a 400 if it is repeated, because a
 * proxy in front of Usher may use the other value. XMLHttpRequest and proxies join repeated headers with a comma.
 */
function onlyText(name: string, lines: readonly string[]): string | undefined {
  const [first, second] = lines;
  if (second !== undefined || first?.includes(',') === true) throw malformed(`${name} is repeated`);
  return first;
}

/** Returns all values of this header. Node's `headers` contains only the first of two `Authorization` lines. */
export function headerLines(request: FastifyRequest, name: string): readonly string[] {
  const headers = request.raw.rawHeaders;
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], name)) lines.push(headers[i + 1] ?? '');
  }
  return lines;
}

/** Compares the lengths first, for speed: each request compares all its header names three times. */
function isNamed(header: string | undefined, name: string): boolean {
  return header?.length === name.length && header.toLowerCase() === name.toLowerCase();
}
