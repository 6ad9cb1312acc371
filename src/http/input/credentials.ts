import type { FastifyRequest } from 'fastify';
import type { Credential } from '../../authn/credential.ts';
import { Secret } from '../../runtime/secret.ts';
import { malformed } from '../output/problem.ts';
import { textField } from './body.ts';
import { maxCharacters } from './lengths.ts';
import { headerValues, isPlaceholder, onlyText } from './raw-headers.ts';
import { findSession, type CookieMode } from './session-cookie.ts';

/**
 * Extracts the credentials of a request without verifying them. The result may contain several. Throws a 400 if one is
 * repeated or malformed.
 */
export type CredentialsOf = (request: FastifyRequest) => readonly Credential[];

/**
 * Creates `CredentialsOf` for the general routes. Browsers send the session cookie automatically, so it counts only in
 * cookie mode and only if the request has no explicit credential, valid or invalid. Otherwise a request with a rejected
 * token would be authenticated as the user of the cookie.
 */
export function createCredentialsOf(
  cookieMode: CookieMode | undefined,
  tokenField: string | undefined,
): CredentialsOf {
  return (request) => {
    const explicit = withField(explicitCredentials(request), request, tokenField);
    if (explicit.length > 0 || cookieMode === undefined) return explicit;
    return sessionCredentials(request, cookieMode);
  };
}

/**
 * Adds the token of the field. The same token in the header and in the field is one credential. Two different tokens
 * are refused later, as any two credentials are.
 */
function withField(
  explicit: readonly Credential[],
  request: FastifyRequest,
  tokenField: string | undefined,
): readonly Credential[] {
  if (tokenField === undefined) return explicit;
  const texts = new Set(
    explicit.filter(({ kind }) => kind === 'bearer').map(({ text }) => text.reveal()),
  );
  const inField = fieldCredentials(request, tokenField);
  return [...explicit, ...inField.filter(({ text }) => !texts.has(text.reveal()))];
}

function sessionCredentials(
  request: FastifyRequest,
  cookieMode: CookieMode,
): readonly Credential[] {
  const kind = 'session-cookie';
  const session = findSession(request.raw.rawHeaders, cookieMode);
  switch (session) {
    case 'absent':
      return [];
    case 'repeated-cookie':
      throw malformed('The session cookie is repeated');
    case 'joined-cookies':
      throw malformed('The session cookie follows a comma');
    case 'malformed-cookie':
      throw malformed('The session cookie is malformed');
    case 'foreign-page':
      return [{ kind, text: new Secret(''), refused: 'origin-refused' }];
    default:
      return [{ kind, text: session.value }];
  }
}

/** Extracts the explicit credentials of a request without verifying them. The result may contain several. */
function explicitCredentials(request: FastifyRequest): readonly Credential[] {
  return [...bearerCredentials(request), ...guestSessionCredentials(request)];
}

/** Extracts the guest session from the header and the body. The same token in both is one credential. */
export function guestSessionCredentials(request: FastifyRequest): readonly Credential[] {
  const inHeader = credentialText(
    'X-Guest-Session',
    headerValues(request.raw.rawHeaders, 'X-Guest-Session'),
  );
  const inBody = textField(request.body, 'guest_session', maxCharacters.token);
  const given = [inHeader ?? '', inBody ?? ''].filter((text) => !isPlaceholder(text));
  return [...new Set(given)].map((text) => ({ kind: 'guest-session', text: new Secret(text) }));
}

/**
 * Extracts the bearer token of a request, also after `JWT`, as Simple JWT with Djoser and older libraries of Django and Node.js
 * have it. `Bearer` without a token is no credential. HTTP authentication of the site is
 * none either, because browsers send it automatically (RFC 7617 §2.2, RFC 7616 §3.6, RFC 4559).
 */
export function bearerCredentials(request: FastifyRequest): readonly Credential[] {
  const lines = headerValues(request.raw.rawHeaders, 'Authorization');
  if (lines.length === 1 && isSiteAuthentication(lines[0] ?? '')) return [];
  const header = credentialText('Authorization', lines);
  const given = header?.replace(/^(?:bearer|jwt)(?: +|$)/i, '');
  if (header === undefined || given === undefined || isPlaceholder(given)) return [];
  // An unknown scheme counts as an invalid credential. Otherwise the request would be treated as anonymous.
  const [, token = ''] = /^(?:Bearer|JWT) +([^ ]+)$/i.exec(header) ?? [];
  return [{ kind: 'bearer', text: new Secret(token) }];
}

/** Extracts the user's token from this body field, for clients that cannot send headers. */
function fieldCredentials(request: FastifyRequest, field: string): readonly Credential[] {
  const token = textField(request.body, field, maxCharacters.token) ?? '';
  return isPlaceholder(token) ? [] : [{ kind: 'bearer', text: new Secret(token) }];
}

/**
 * True for HTTP authentication of the site. A Digest header contains commas, so only a bearer token after a comma is a
 * repeated header. If that token were ignored, the session cookie would be used instead.
 */
function isSiteAuthentication(header: string): boolean {
  return /^(?:basic|digest|negotiate|ntlm)\b/i.test(header) && !/,\s*bearer\b/i.test(header);
}

/** Reads a header that contains a credential. No client sends it twice, so even two equal lines are a 400. */
function credentialText(name: string, lines: readonly string[]): string | undefined {
  if (lines.length > 1) throw malformed(`${name} is repeated`);
  return onlyText(name, lines);
}
