import type { CredentialReader } from '../../authn/credential.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import { onlyCookieName, type SessionConfig } from '../../config/sessions.ts';
import { buildCommandClient } from '../host-client.ts';

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
