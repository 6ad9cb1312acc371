import type { FastifyRequest } from 'fastify';
import type { Origin } from '../core/audit-event.ts';
import type { PresentedCredential } from '../core/credential.ts';
import type { SignInQuestion } from '../core/question.ts';
import { Secret } from '../core/secret.ts';
import { requiredField, textField } from './body.ts';
import { mostCharacters } from './lengths.ts';
import { malformed } from './problem.ts';

const longestUserAgent = 256;
const longestTenant = 128;

/** Where a request came from. */
export function originOf(request: FastifyRequest): Origin {
  const userAgent = request.headers['user-agent'];
  return {
    requestId: request.id,
    address: request.ip,
    userAgent: userAgent === undefined ? undefined : visible(userAgent.slice(0, longestUserAgent)),
  };
}

/** Rows are read at terminals, where a control character could be an order: header values may hold those of Latin-1. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

/** What every general route reads of a request in the same way: which socket, who asks, for which tenant, from where. */
export function questionOf(
  request: FastifyRequest,
  present: (request: FastifyRequest) => readonly PresentedCredential[],
): SignInQuestion {
  return {
    socketId: requiredField(request.body, 'socket_id', mostCharacters.socketId),
    credentials: present(request),
    pinned: { tenantIds: namedTenants(request) },
    origin: originOf(request),
  };
}

/** The explicit credentials that a request presents, unread: none, one, or more than may be. */
export function presentedCredentials(request: FastifyRequest): readonly PresentedCredential[] {
  return [...presentedBearer(request), ...presentedGuestSession(request)];
}

/** The guest session that a request presents, in its header or in its body; the same text in both is one credential. */
export function presentedGuestSession(request: FastifyRequest): readonly PresentedCredential[] {
  refuseRepeated(request, 'X-Guest-Session');
  const inBody = textField(request.body, 'guest_session', mostCharacters.token);
  const shown = [request.headers['x-guest-session'], inBody].filter(
    (text) => typeof text === 'string',
  );
  return [...new Set(shown)].map((text) => ({ kind: 'guest-session', text: new Secret(text) }));
}

/** The bearer token that a request presents. */
export function presentedBearer(request: FastifyRequest): readonly PresentedCredential[] {
  // Node keeps the first of two Authorization headers without a word; a proxy before us may keep the last.
  refuseRepeated(request, 'Authorization');
  const header = request.headers.authorization;
  if (header === undefined) return [];
  // Another scheme is a credential too, and a bad one: no falling back to "nobody".
  const [, token = ''] = /^Bearer +([^ ]+)$/i.exec(header) ?? [];
  return [{ kind: 'bearer', text: new Secret(token) }];
}

/** The user's token in this field of the body, for clients that cannot send headers. */
export function presentedInField(
  request: FastifyRequest,
  field: string,
): readonly PresentedCredential[] {
  const token = textField(request.body, field, mostCharacters.token);
  return token === undefined ? [] : [{ kind: 'bearer', text: new Secret(token) }];
}

/** The tenants that a request names, in the header and in the path. */
export function namedTenants(request: FastifyRequest): readonly string[] {
  // Node joins two of them into one text, which would be recorded as a tenant that nobody named.
  refuseRepeated(request, 'X-Tenant-ID');
  const header = request.headers['x-tenant-id'];
  const { tenantId } = request.params as { readonly tenantId?: string };
  const tenants = [header, tenantId].filter((tenant) => typeof tenant === 'string');
  if (tenants.some((tenant) => tenant === '' || tenant.length > longestTenant)) {
    throw malformed('The tenant is malformed');
  }
  return tenants;
}

function refuseRepeated(request: FastifyRequest, name: string): void {
  const headers = request.raw.rawHeaders;
  let times = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i], name)) times += 1;
  }
  if (times > 1) throw malformed(`${name} is repeated`);
}

/** By its length first: each request asks this of all its headers, three times. */
function isNamed(header: string | undefined, name: string): boolean {
  return header?.length === name.length && header.toLowerCase() === name.toLowerCase();
}
