import type { CredentialReader } from '../../authn/identify.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import { onlyCookieName, type SessionConfig } from '../../config/sessions.ts';
import { createHostClient } from '../../host/host-client.ts';
import { systemClock } from '../../runtime/clock.ts';

export type IntrospectionSessions = Extract<SessionConfig, { readonly mode: 'introspect' }>;

/** Creates the reader that asks the host as the service does. */
export function introspectSession(
  sessions: IntrospectionSessions,
  { fetch, now }: { readonly fetch: typeof globalThis.fetch; readonly now: () => number },
): CredentialReader {
  const { startTimer } = systemClock;
  const { origin } = sessions.url;
  const client = createHostClient({ name: 'session introspection', origin }, { fetch, startTimer });
  return createSessionCookieReader(
    { ...sessions, cookieName: onlyCookieName(sessions), client, attributes: () => undefined },
    { now },
  );
}
