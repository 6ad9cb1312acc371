import type { CredentialReader } from '../../authn/credential.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import { createTokenIntrospection } from '../../authn/token-introspection.ts';
import type { IssuerClaims } from '../../authn/token-issuers.ts';
import { onlyCookieName, type SessionConfig } from '../../config/sessions.ts';
import type { TokenIntrospectionConfig } from '../../config/token-introspection.ts';
import { buildCommandClient } from '../sources.ts';

export type IntrospectionSessions = Extract<SessionConfig, { readonly mode: 'introspect' }>;

/** Creates the reader that introspects a session as the service does. */
export function introspectSession(
  sessions: IntrospectionSessions,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): CredentialReader {
  const client = buildCommandClient('session introspection', sessions.url, fetch);
  return createSessionCookieReader(
    { ...sessions, cookieName: onlyCookieName(sessions), client, attributes: () => undefined },
    { now },
  );
}

/** The claims matter only for a token that is active. */
const anyUser: IssuerClaims = {
  kind: 'user',
  id: [],
  revocations: [],
  claims: { id: ['sub'], roles: [] },
  attributes: [],
};

/** Creates the reader that introspects a token as the service does. */
export function introspectToken(
  settings: TokenIntrospectionConfig,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): CredentialReader {
  const client = buildCommandClient('token introspection', settings.url, fetch);
  return createTokenIntrospection({ ...settings, client, claims: () => anyUser, now });
}
