import type { FastifyRequest } from 'fastify';
import type { Credential } from '../../authn/credential.ts';
import { Secret } from '../../runtime/secret.ts';
import { malformed } from '../output/problem.ts';
import { explicitCredentials, fieldCredentials } from './auth-request.ts';
import { findSession, type CookieMode } from './session-cookie.ts';

/** The credentials that a request presents, unread: none, one, or more than may be. Throws a 400 when one is repeated or malformed. */
export type CredentialsOf = (request: FastifyRequest) => readonly Credential[];

/**
 * Makes `Present` for the general routes. The session cookie comes along by itself, so it counts only in cookie mode and
 * where nothing was shown on purpose, good or bad: else a refused token would quietly become somebody else.
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

/** The same token in the header and in the field is one credential; two different ones are refused later, like any two. */
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
