import type { Config } from './config/load.ts';
import type { HostDatabaseConfig, SanctumConfig, SessionConfig } from './config/sessions.ts';
import type { TokenConfig } from './config/tokens.ts';
import type { Identify } from './core/credential.ts';
import type { GuestSessionStore } from './core/guest-session.ts';
import { createBearerTokenReader } from './credentials/bearer-token.ts';
import { createGuestSessionReader } from './credentials/guest-session.ts';
import { createGuestTokenReader } from './credentials/guest-token.ts';
import { createIdentify, type CredentialReader } from './credentials/identify.ts';
import { createJwtVerifier } from './credentials/jwt.ts';
import { createSanctumReader, eitherBearer } from './credentials/sanctum.ts';
import { createSessionCookieReader } from './credentials/session-cookie.ts';
import { createTokenKeys } from './credentials/token-keys.ts';
import type { CookieMode } from './http/session-cookie.ts';
import { createDjangoDatabase } from './resources/django-database.ts';
import { createHostDatabase, type HostDatabase } from './resources/host-database.ts';
import { createPersonalAccessTokens } from './resources/personal-access-tokens.ts';

/** Opens the database of a host; its connections end when everything else does. */
type OpenHost = (where: HostDatabaseConfig) => HostDatabase;

/** Builds every credential reader that is configured, and what ends their connections to the hosts' databases. */
export function buildIdentify(
  config: Config,
  { sessions, now }: { readonly sessions: GuestSessionStore; readonly now: () => number },
): { readonly identify: Identify; readonly closeHosts: () => Promise<void> } {
  const hosts: HostDatabase[] = [];
  const openHost: OpenHost = (where) => {
    const host = createHostDatabase(where);
    hosts.push(host);
    return host;
  };
  const { bookingClaim, hotelClaim } = config.guestTokens;
  const verifier = buildVerifier(config.guestTokens, { now });
  const identify = createIdentify({
    'guest-token': createGuestTokenReader({ verifier, bookingClaim, hotelClaim }),
    bearer: buildBearer(config, openHost, now),
    'guest-session': createGuestSessionReader(sessions, now),
    ...(config.sessions && { 'session-cookie': buildSession(config.sessions, openHost, now) }),
  });
  const closeHosts = async () => {
    await Promise.all(hosts.map((host) => host.close()));
  };
  return { identify, closeHosts };
}

/** How the doors look for the session cookie; `undefined` where it is no credential. */
export function cookieModeOf({ sessions, allowedOrigins }: Config): CookieMode | undefined {
  return sessions && { cookieName: sessions.cookieName, allowedOrigins };
}

function buildVerifier(
  { keys, expected }: TokenConfig,
  settings: { readonly now: () => number; readonly maxAge?: number },
) {
  const tokenKeys = createTokenKeys(keys, { fetch, now: settings.now });
  return createJwtVerifier({ keys: tokenKeys, ...expected, ...settings });
}

function buildBearer(config: Config, openHost: OpenHost, now: () => number): CredentialReader {
  const { userTokens, sanctum } = config;
  const verifier = buildVerifier(userTokens, { now, maxAge: userTokens.maxAge });
  const jwt = createBearerTokenReader({ verifier });
  return sanctum === undefined ? jwt : eitherBearer(jwt, buildSanctum(sanctum, openHost, now));
}

function buildSanctum(
  { database, ...settings }: SanctumConfig,
  openHost: OpenHost,
  now: () => number,
): CredentialReader {
  const find = createPersonalAccessTokens(openHost(database));
  return createSanctumReader({ ...settings, find, now });
}

function buildSession(
  sessions: SessionConfig,
  openHost: OpenHost,
  now: () => number,
): CredentialReader {
  const settings =
    sessions.mode === 'django'
      ? { ...sessions, database: createDjangoDatabase(openHost(sessions.database)) }
      : sessions;
  return createSessionCookieReader(settings, { fetch, now });
}
