import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../audit/audit-event.ts';
import type { Credential } from '../../authn/credential.ts';
import type { UserAuthRequest } from '../../authorize/auth-request.ts';
import { Secret } from '../../runtime/secret.ts';
import { malformed } from '../output/problem.ts';
import { ownField, requiredField, textField } from './body.ts';
import { maxCharacters } from './lengths.ts';

const maxUserAgentLength = 256;
const maxTenantLength = 128;

const origins = new WeakMap<FastifyRequest, Origin>();

/** Where a request came from: the same object each time, by which what is counted once is recognised. */
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

/** Rows are read at terminals, where a control character could be an order: header values may hold those of Latin-1. */
function escapeControlCharacters(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

/** What every general route reads of a request in the same way: which socket, who asks, for which tenant, from where. */
export function authRequestOf(
  request: FastifyRequest,
  credentialsOf: (request: FastifyRequest) => readonly Credential[],
): UserAuthRequest {
  return {
    socketId: requiredField(request.body, 'socket_id', maxCharacters.socketId),
    credentials: credentialsOf(request),
    constraints: { tenantIds: namedTenants(request) },
    origin: originOf(request),
  };
}

/** The explicit credentials that a request presents, unread: none, one, or more than may be. */
export function explicitCredentials(request: FastifyRequest): readonly Credential[] {
  return [...bearerCredentials(request), ...guestSessionCredentials(request)];
}

/** The guest session that a request presents, in its header or in its body; the same text in both is one credential. */
export function guestSessionCredentials(request: FastifyRequest): readonly Credential[] {
  const inHeader = credentialText('X-Guest-Session', headerLines(request, 'X-Guest-Session'));
  const inBody = credentialField(request, 'guest_session');
  const given = [inHeader ?? '', inBody ?? ''].filter((text) => !isPlaceholder(text));
  return [...new Set(given)].map((text) => ({ kind: 'guest-session', text: new Secret(text) }));
}

/**
 * The bearer token that a request presents. `Bearer` without a token is none, and neither is HTTP
 * authentication of the site, which browsers send by themselves (RFC 7617 §2.2, RFC 7616 §3.6, RFC 4559).
 */
export function bearerCredentials(request: FastifyRequest): readonly Credential[] {
  const lines = headerLines(request, 'Authorization');
  if (lines.length === 1 && isSiteAuthentication(lines[0] ?? '')) return [];
  const header = credentialText('Authorization', lines);
  const given = header?.replace(/^bearer(?: +|$)/i, '');
  if (header === undefined || given === undefined || isPlaceholder(given)) return [];
  // Another scheme is a credential too, and a bad one: no falling back to "nobody".
  const [, token = ''] = /^Bearer +([^ ]+)$/i.exec(header) ?? [];
  return [{ kind: 'bearer', text: new Secret(token) }];
}

/** The user's token in this field of the body, for clients that cannot send headers. */
export function fieldCredentials(request: FastifyRequest, field: string): readonly Credential[] {
  const token = credentialField(request, field) ?? '';
  return isPlaceholder(token) ? [] : [{ kind: 'bearer', text: new Secret(token) }];
}

/** The text of a field that may hold a credential. `null` in JSON is no credential: clients also send fields without a value. */
function credentialField({ body }: FastifyRequest, name: string): string | undefined {
  return ownField(body, name) === null ? undefined : textField(body, name, maxCharacters.token);
}

/**
 * True for HTTP authentication of the site. A Digest header contains commas, so only a bearer token after a comma is a
 * repetition: if it were ignored, a session cookie would count in its place.
 */
function isSiteAuthentication(header: string): boolean {
  return /^(?:basic|digest|negotiate|ntlm)\b/i.test(header) && !/,\s*bearer\b/i.test(header);
}

/** The tenants that a request names, in the header and in the path. */
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

/** The text of a header that holds a credential: no client sends two lines of one, so even equal ones are a 400. */
function credentialText(name: string, lines: readonly string[]): string | undefined {
  if (lines.length > 1) throw malformed(`${name} is repeated`);
  return onlyText(name, lines);
}

/** What JavaScript makes of a value that is not there, where a page puts it into a text. */
function isPlaceholder(text: string): boolean {
  return text === '' || text === 'null' || text === 'undefined';
}

/**
 * The one text of a header; `undefined` when it is missing, and a 400 when it is repeated: a proxy before us may read the
 * other one. XMLHttpRequest joins a header that a page sets twice with a comma, and so do proxies.
 */
function onlyText(name: string, lines: readonly string[]): string | undefined {
  const [first, second] = lines;
  if (second !== undefined || first?.includes(',') === true) throw malformed(`${name} is repeated`);
  return first;
}

/** The values of all header lines of this name. Node's own `headers` has only the first of two `Authorization` lines. */
export function headerLines(request: FastifyRequest, name: string): readonly string[] {
  const headers = request.raw.rawHeaders;
  const lines: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], name)) lines.push(headers[i + 1] ?? '');
  }
  return lines;
}

/** By its length first: each request asks this of all its headers, three times. */
function isNamed(header: string | undefined, name: string): boolean {
  return header?.length === name.length && header.toLowerCase() === name.toLowerCase();
}
