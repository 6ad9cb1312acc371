import { sessionIssuer, userIssuer, type Policy } from '../policy/policy.ts';
import type { Logger } from 'pino';
import type { Dependencies } from '../observability/dependencies.ts';
import type { Config } from '../config/load.ts';
import type { PassportConfig, SanctumConfig } from '../config/laravel-tokens.ts';
import {
  cookieNamesOf,
  onlyCookieName,
  type ApplicationDatabaseConfig,
  type SessionConfig,
} from '../config/sessions.ts';
import {
  type Identify,
  createIdentify,
  type Credential,
  type CredentialReader,
  type CredentialReaders,
} from '../authn/credential.ts';
import { createGuestSessionReader, type GuestSessionStore } from '../authn/guest-session.ts';
import { createTokenReaders } from '../authn/issued-token.ts';
import {
  createIssuerVerifier,
  createJwtVerifier,
  type JwtIssuer,
} from '../authn/jwt/verify-jwt.ts';
import { createPassportReader, type PassportTokens } from '../authn/passport.ts';
import { createSanctumReader, exceptSanctum, firstAcceptedBearer } from '../authn/sanctum.ts';
import { createSessionCookieReader } from '../authn/session-cookie.ts';
import { createTokenIntrospection, opaqueOrJwt } from '../authn/token-introspection.ts';
import { createClaimsOf, createTokenKeys, type TokenIssuer } from '../authn/token-issuers.ts';
import type { TokenIntrospectionConfig } from '../config/token-introspection.ts';
import type { CookieMode } from '../http/input/session-cookie.ts';
import { createAccessTokens } from '../database/application/access-tokens.ts';
import { createDjangoDatabase } from '../database/application/django-database.ts';
import {
  createApplicationDatabase,
  type ApplicationDatabase,
  queueQueries,
} from '../database/application/application-database.ts';
import { createPersonalAccessTokens } from '../database/application/personal-access-tokens.ts';
import type { MeasureApplication } from '../observability/metrics/application-metrics.ts';
import type { ApplicationRedis } from '../redis/application-redis.ts';
import type { CacheLookups } from '../runtime/caches.ts';
import type { Secret } from '../runtime/secret.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { buildApplicationClient } from './sources.ts';
import { buildTokenIssuers } from './token-issuers.ts';
import { buildLaravelApplication, laravelSettings, openLaravelRedis } from './laravel.ts';

/** Opens an application's servers. `closeApplicationServers` closes them. */
interface OpenServers {
  readonly database: (where: ApplicationDatabaseConfig) => ApplicationDatabase;
  readonly redis: (url: Secret) => ApplicationRedis;
}

export interface IdentifyDeps {
  /** The log for outages of an application's Redis. */
  readonly log?: Pick<Logger, 'warn'>;
  readonly sessions: GuestSessionStore;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly dependencies: Pick<Dependencies, 'watch'>;
  /** If it is missing, requests to an application are not measured. */
  readonly measureApplication?: MeasureApplication;
  readonly tokenLookups: CacheLookups;
  readonly policy: () => Policy;
}

/** The settings of credentials. */
type CredentialConfig = Pick<
  Config,
  | 'guestTokens'
  | 'userTokens'
  | 'sanctum'
  | 'passport'
  | 'tokenIntrospection'
  | 'sessions'
  | 'variable'
>;

/** Builds a reader for each configured kind of credential. `closeApplicationServers` closes the connections to applications' servers. */
export function buildIdentify(
  config: CredentialConfig,
  deps: IdentifyDeps,
): { readonly identify: Identify; readonly closeApplicationServers: () => Promise<void> } {
  const { sessions, now, startTimer, dependencies, log } = deps;
  const servers: { readonly close: () => Promise<void> }[] = [];
  const opened = <Server extends (typeof servers)[number]>(server: Server): Server => {
    servers.push(server);
    return server;
  };
  const openServers: OpenServers = {
    database: (where) => {
      const { observe } = dependencies.watch('host database');
      return opened(queueQueries(createApplicationDatabase({ ...where, observe }), startTimer));
    },
    redis: (url) => {
      const { observe } = dependencies.watch('host redis');
      return opened(openLaravelRedis(url, { observe, ...(log && { log }) }));
    },
  };
  const identify = createIdentify({
    ...buildTokens(config, openServers, deps),
    'guest-session': createGuestSessionReader(sessions, now),
    ...(config.sessions && {
      'session-cookie': buildSession(config.sessions, config, { openServers, deps }),
    }),
  });
  const closeApplicationServers = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  return { identify, closeApplicationServers };
}

/** Returns the settings of cookie mode, or `undefined` if the session cookie is no credential. */
export function cookieModeOf({ sessions, allowedOrigins }: Config): CookieMode | undefined {
  return (
    sessions && {
      cookies: cookieNamesOf(sessions),
      isOnly: onlyCookieName(sessions) !== undefined,
      allowedOrigins,
      isPhp: sessions.mode === 'laravel',
    }
  );
}

/** Builds the readers of tokens: those of the issuers of the policy, and those of settings. */
function buildTokens(
  config: CredentialConfig,
  openServers: OpenServers,
  deps: IdentifyDeps,
): CredentialReaders {
  const { now, tokenLookups } = deps;
  const verifier = createJwtVerifier<TokenIssuer>({ now, lookups: tokenLookups });
  const { passport, sanctum, tokenIntrospection } = config;
  const passportTokens = passport && openPassport(passport, openServers, now);
  const choices = buildTokenIssuers(config, deps);
  // Before the first request, so that the metrics have their servers from the start.
  choices();
  const jwt = createTokenReaders(verifier, choices, passportTokens);
  const signed =
    passportTokens && passport.publicKey !== undefined
      ? buildPassport(passport.publicKey, passportTokens, { otherwise: jwt.bearer, deps })
      : jwt.bearer;
  const hasIssuers = () => signed !== jwt.bearer || choices().bearer.issuers.length > 0;
  const bearer = tokenIntrospection
    ? opaqueOrJwt(signed, buildTokenIntrospection(tokenIntrospection, config, deps), hasIssuers)
    : exceptSanctum(signed);
  return {
    bearer: sanctum ? firstAcceptedBearer(bearer, buildSanctum(sanctum, openServers, now)) : bearer,
    'guest-token': jwt.guest,
  };
}

/** The users of an introspection endpoint have the claims of the issuer `user_token`. */
function buildTokenIntrospection(
  settings: TokenIntrospectionConfig,
  { variable }: Pick<Config, 'variable'>,
  deps: IdentifyDeps,
): CredentialReader {
  const client = buildApplicationClient('token introspection', settings.url, deps);
  const claims = createClaimsOf(userIssuer, variable, deps.policy);
  return createTokenIntrospection({ ...settings, client, claims, now: deps.now });
}

function openPassport(
  { database, tenantId }: PassportConfig,
  openServers: OpenServers,
  now: () => number,
): PassportTokens {
  return { find: createAccessTokens(openServers.database(database)), now, tenantId };
}

function buildPassport(
  publicKey: string,
  tokens: PassportTokens,
  { otherwise, deps }: { readonly otherwise: CredentialReader; readonly deps: IdentifyDeps },
): CredentialReader {
  const { now, tokenLookups } = deps;
  const verifier = createIssuerVerifier(passportIssuer(publicKey, now), {
    now,
    lookups: tokenLookups,
  });
  return createPassportReader({ ...tokens, verifier, otherwise });
}

/** Passport’s tokens have no issuer, and their audience is the client. */
function passportIssuer(publicKey: string, now: () => number): JwtIssuer {
  const keys = createTokenKeys({ publicKey, algorithm: 'RS256' }, { fetch, now });
  return { keys, audience: [], require: [] };
}

function buildSanctum(
  { database, ...settings }: SanctumConfig,
  openServers: OpenServers,
  now: () => number,
): CredentialReader {
  const tokens = createPersonalAccessTokens(openServers.database(database));
  return createSanctumReader({ ...settings, tokens, now });
}

function buildSession(
  sessions: SessionConfig,
  config: Pick<Config, 'variable'>,
  { openServers, deps }: { readonly openServers: OpenServers; readonly deps: IdentifyDeps },
): CredentialReader {
  const { now } = deps;
  if (sessions.mode === 'django') {
    const database = createDjangoDatabase(openServers.database(sessions.database));
    return createSessionCookieReader({ ...sessions, database }, { now });
  }
  if (sessions.mode === 'laravel') {
    const database = openServers.database(sessions.database);
    const redis = sessions.redis && openServers.redis(sessions.redis.url);
    const application = buildLaravelApplication(sessions, { database, redis, now });
    const settings = { ...laravelSettings(sessions), mode: 'laravel', application } as const;
    return createSessionCookieReader(settings, { now });
  }
  const client = buildApplicationClient('session introspection', sessions.url, deps);
  const claims = createClaimsOf(sessionIssuer, config.variable, deps.policy);
  const attributes = () => claims()?.attributes;
  return createSessionCookieReader(
    { ...sessions, cookieName: onlyCookieName(sessions), client, attributes },
    { now },
  );
}

/** The kinds of credentials that Usher verifies with a request to a server of the application. */
export function remoteKindsOf({
  sessions,
  sanctum,
  passport,
  tokenIntrospection,
}: CredentialConfig): ReadonlySet<Credential['kind']> {
  const kinds = new Set<Credential['kind']>();
  if (sessions) kinds.add('session-cookie');
  if (sanctum ?? passport ?? tokenIntrospection) kinds.add('bearer');
  return kinds;
}
