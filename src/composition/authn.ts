import { guestIssuer, type Policy } from '../policy/policy.ts';
import type { Logger } from 'pino';
import type { Dependencies } from '../observability/dependencies.ts';
import type { CacheStats } from '../observability/metrics/cache-stats.ts';
import type { Config } from '../config/load.ts';
import type { PassportConfig, SanctumConfig } from '../config/laravel-tokens.ts';
import type { HostDatabaseConfig, SessionConfig } from '../config/sessions.ts';
import type { TokenConfig } from '../config/tokens.ts';
import type { Identify } from '../authn/credential.ts';
import type { GuestSessionStore } from '../authn/guest-session-token.ts';
import { createBearerTokenReader } from '../authn/bearer-token.ts';
import { createGuestSessionReader } from '../authn/guest-session.ts';
import { createIssuedTokenReader, issuerClaims, type IssuerClaims } from '../authn/issued-token.ts';
import {
  createIdentify,
  notConfigured,
  type CredentialReader,
  type CredentialReaders,
} from '../authn/identify.ts';
import { createJwtVerifier } from '../authn/jwt/verify-jwt.ts';
import { createPassportReader } from '../authn/passport.ts';
import { createSanctumReader, firstAcceptedBearer } from '../authn/sanctum.ts';
import { createSessionCookieReader } from '../authn/session-cookie.ts';
import { createTokenKeys } from '../authn/jwt/token-keys.ts';
import type { CookieMode } from '../http/input/session-cookie.ts';
import { createAccessTokens } from '../database/host/access-tokens.ts';
import { createDjangoDatabase } from '../database/host/django-database.ts';
import { createHostDatabase, type HostDatabase } from '../database/host/host-database.ts';
import { createPersonalAccessTokens } from '../database/host/personal-access-tokens.ts';
import type { MeasureHost } from '../observability/metrics/host-metrics.ts';
import type { HostRedis } from '../redis/host-redis.ts';
import type { Secret } from '../runtime/secret.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { buildHostClient } from './host-client.ts';
import { buildLaravelHost, laravelSettings, openLaravelRedis } from './laravel.ts';

/** Opens a host's servers. `closeHosts` closes them. */
interface OpenHost {
  readonly database: (where: HostDatabaseConfig) => HostDatabase;
  readonly redis: (url: Secret) => HostRedis;
}

export interface IdentifyDeps {
  /** Where outages of a host's Redis are logged. */
  readonly log?: Pick<Logger, 'warn'>;
  readonly sessions: GuestSessionStore;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly dependencies: Pick<Dependencies, 'watch'>;
  /** Without it questions to a host are not measured. */
  readonly measureHost?: MeasureHost;
  readonly tokenLookups: Pick<CacheStats, 'count'>;
  readonly policy: () => Policy;
}

/** Builds a reader for each configured kind of credential. `closeHosts` closes the connections to hosts' servers. */
export function buildIdentify(
  config: Config,
  deps: IdentifyDeps,
): { readonly identify: Identify; readonly closeHosts: () => Promise<void> } {
  const { sessions, now, dependencies, log } = deps;
  const hosts: { readonly close: () => Promise<void> }[] = [];
  const opened = <Host extends (typeof hosts)[number]>(host: Host): Host => {
    hosts.push(host);
    return host;
  };
  const openHost: OpenHost = {
    database: (where) => {
      const { observe } = dependencies.watch('host database');
      return opened(createHostDatabase({ ...where, observe }));
    },
    redis: (url) => {
      const { observe } = dependencies.watch('host redis');
      return opened(openLaravelRedis(url, { observe, ...(log && { log }) }));
    },
  };
  const identify = createIdentify({
    ...(config.guestTokens && {
      'guest-token': buildGuest(config.guestTokens, config.variable, deps),
    }),
    ...buildBearer(config, openHost, deps),
    'guest-session': createGuestSessionReader(sessions, now),
    ...(config.sessions && { 'session-cookie': buildSession(config.sessions, openHost, deps) }),
  });
  const closeHosts = async () => {
    await Promise.all(hosts.map((host) => host.close()));
  };
  return { identify, closeHosts };
}

/** Returns the settings of cookie mode, or `undefined` if the session cookie is no credential. */
export function cookieModeOf({ sessions, allowedOrigins }: Config): CookieMode | undefined {
  return (
    sessions && {
      cookieName: sessions.cookieName,
      allowedOrigins,
      isPhp: sessions.mode === 'laravel',
    }
  );
}

function buildVerifier(
  { keys, expected, maxAgeMs }: TokenConfig & { readonly maxAgeMs?: number },
  { now, dependencies, tokenLookups }: IdentifyDeps,
) {
  const watched = 'jwksUrl' in keys && { onFetched: dependencies.watch('token keys').report };
  return createJwtVerifier({
    keys: createTokenKeys(keys, { fetch, now, ...watched }),
    ...expected,
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    now,
    onCacheLookup: tokenLookups.count,
  });
}

function buildBearer(
  { userTokens, passport, sanctum }: Config,
  openHost: OpenHost,
  deps: IdentifyDeps,
): CredentialReaders {
  const users =
    userTokens && createBearerTokenReader({ verifier: buildVerifier(userTokens, deps) });
  const jwt = passport === undefined ? users : buildPassport(passport, users, { openHost, deps });
  if (sanctum === undefined) return jwt === undefined ? {} : { bearer: jwt };
  return {
    bearer: firstAcceptedBearer(jwt ?? notConfigured, buildSanctum(sanctum, openHost, deps.now)),
  };
}

function buildPassport(
  { database, publicKey, tenantId }: PassportConfig,
  otherwise: CredentialReader | undefined,
  { openHost, deps }: { readonly openHost: OpenHost; readonly deps: IdentifyDeps },
): CredentialReader {
  return createPassportReader({
    verifier: buildVerifier({ keys: { publicKey, algorithm: 'RS256' }, expected: undefined }, deps),
    find: createAccessTokens(openHost.database(database)),
    now: deps.now,
    otherwise,
    ...(tenantId !== undefined && { tenantId }),
  });
}

function buildGuest(
  tokens: TokenConfig,
  variable: Config['variable'],
  deps: IdentifyDeps,
): CredentialReader {
  let last: { readonly policy: Policy; readonly claims: IssuerClaims | undefined } | undefined;
  // Reading the environment for each token would take a microsecond.
  const issuer = () => {
    const policy = deps.policy();
    if (last?.policy !== policy) {
      const declared = policy.issuers.get(guestIssuer);
      last = { policy, claims: declared && issuerClaims(declared, variable) };
    }
    return last.claims;
  };
  return createIssuedTokenReader({ verifier: buildVerifier(tokens, deps), issuer });
}

function buildSanctum(
  { database, ...settings }: SanctumConfig,
  openHost: OpenHost,
  now: () => number,
): CredentialReader {
  const tokens = createPersonalAccessTokens(openHost.database(database));
  return createSanctumReader({ ...settings, tokens, now });
}

function buildSession(
  sessions: SessionConfig,
  openHost: OpenHost,
  deps: IdentifyDeps,
): CredentialReader {
  const { now } = deps;
  if (sessions.mode === 'django') {
    const database = createDjangoDatabase(openHost.database(sessions.database));
    return createSessionCookieReader({ ...sessions, database }, { now });
  }
  if (sessions.mode === 'laravel') {
    const database = openHost.database(sessions.database);
    const redis = sessions.redis && openHost.redis(sessions.redis.url);
    const host = buildLaravelHost(sessions, { database, redis, now });
    const settings = { ...laravelSettings(sessions), mode: 'laravel', host } as const;
    return createSessionCookieReader(settings, { now });
  }
  const client = buildHostClient('session introspection', sessions.url, deps);
  return createSessionCookieReader({ ...sessions, client }, { now });
}
