import type { FastifyRequest } from 'fastify';
import type { Credential } from '../../authn/credential.ts';
import { Secret } from '../../runtime/secret.ts';
import { malformed } from '../output/problem.ts';
import { explicitCredentials, fieldCredentials } from './auth-request.ts';
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
      throw malformed('The session cookie stands behind a comma');
    case 'malformed-cookie':
      throw malformed('The session cookie is malformed');
    case 'foreign-page':
      return [{ kind, text: new Secret(''), refused: 'origin-refused' }];
    default:
      return [{ kind, text: session.value }];
  }
}
