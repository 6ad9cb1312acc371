import { fetchKeySet, discoverKeySet } from '../../authn/jwt/fetch-key-set.ts';
import { localKeyProblem } from '../../authn/jwt/local-key.ts';
import type { Config } from '../../config/load.ts';
import type { LaravelConfig } from '../../config/laravel.ts';
import type { PassportConfig, SanctumConfig } from '../../config/laravel-tokens.ts';
import type { DjangoConfig, SessionConfig } from '../../config/sessions.ts';
import type { TokenIntrospectionConfig } from '../../config/token-introspection.ts';
import type { TokenConfig } from '../../config/tokens.ts';
import { createAccessTokens } from '../../database/application/access-tokens.ts';
import { createDjangoDatabase } from '../../database/application/django-database.ts';
import { createLaravelDatabase } from '../../database/application/laravel-database.ts';
import { findTokenProblem } from '../../database/application/personal-access-tokens.ts';
import { checkDatabase } from '../../database/prepare-database.ts';
import type { KeysPolicy, Policy } from '../../policy/policy.ts';
import type { Secret } from '../../runtime/secret.ts';
import { openLaravelRedis } from '../laravel.ts';
import { introspectSession, introspectToken, type IntrospectionSessions } from './introspect.ts';
import { withClose, withApplicationDatabase } from './with-application-database.ts';

/** The result of probing a dependency, with the name of its setting. `error` is set if the probe failed. */
export interface DependencyProbe {
  readonly setting: string;
  readonly error?: unknown;
}

type Probe = readonly [setting: string, probe: () => Promise<unknown>];

interface ProbeDeps {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

const keySetTimeoutMs = 5_000;

/**
 * Sends each configured server, except Pusher servers and upstreams, the same requests that the service sends. Writes
 * only one key to Redis, which expires after a second.
 */
export function probeDependencies(
  config: Config,
  deps: ProbeDeps,
): Promise<readonly DependencyProbe[]> {
  const { database, redis, guestTokens, userTokens, sanctum, passport, sessions } = config;
  const { tokenIntrospection } = config;
  const probes: readonly Probe[] = [
    ...('url' in database ? [probeOwnDatabase(database.url)] : []),
    ...(redis === undefined ? [] : [probeRedis(redis)]),
    ...probeKeySet('GUEST_TOKEN_JWKS_URL', guestTokens, deps),
    ...probeKeySet('USER_TOKEN_JWKS_URL', userTokens, deps),
    ...(sanctum === undefined ? [] : [probeSanctum(sanctum)]),
    ...(passport === undefined ? [] : [probePassport(passport)]),
    ...(tokenIntrospection ? [probeTokenIntrospection(tokenIntrospection, deps)] : []),
    ...(sessions === undefined ? [] : probeSessions(sessions, deps)),
  ];
  return Promise.all(
    probes.map(async ([setting, probe]) => {
      try {
        await probe();
        return { setting };
      } catch (error) {
        return { setting, error };
      }
    }),
  );
}

const probeOwnDatabase = (url: Secret): Probe => ['DATABASE_URL', () => checkDatabase(url)];

function probeSanctum({ database, tokenableType }: SanctumConfig): Probe {
  const probe = async () => {
    const problem = await withApplicationDatabase(database, (application) =>
      findTokenProblem(application, tokenableType),
    );
    if (problem !== undefined) throw new Error(problem);
  };
  return ['SANCTUM_DATABASE_URL', probe];
}

/** Looks up a token that does not exist, to check that the table is readable. */
function probePassport({ database }: PassportConfig): Probe {
  return [
    'PASSPORT_DATABASE_URL',
    () =>
      withApplicationDatabase(database, (application) =>
        createAccessTokens(application)('usher-doctor'),
      ),
  ];
}

function probeTokenIntrospection(settings: TokenIntrospectionConfig, deps: ProbeDeps): Probe {
  const probe = async () => {
    const result = await introspectToken(settings, deps)('usher-doctor');
    if ('principal' in result) throw new Error('it reports a made-up token as active');
  };
  return ['INTROSPECTION_URL', probe];
}

function probeRedis(url: Secret): Probe {
  const probe = async () => {
    const { createRedis } = await import('../../redis/client.ts');
    const redis = await createRedis({ url, log: { warn: () => undefined } });
    try {
      const fault = redis.misconfiguration();
      if (fault !== undefined) throw new Error(fault);
      // The probe writes a key, because a read-only replica and a server out of memory refuse only writes.
      await redis.run((client) => client.set('doctor', '1', 'PX', 1_000));
    } finally {
      await redis.close();
    }
  };
  return ['REDIS_URL', probe];
}

function probeKeySet(
  setting: string,
  tokens: TokenConfig | undefined,
  { fetch }: ProbeDeps,
): readonly Probe[] {
  if (tokens === undefined || !('jwksUrl' in tokens.keys)) return [];
  const url = tokens.keys.jwksUrl;
  const probe = async () => {
    const keys = await fetchKeySet({ url, fetch, timeoutMs: keySetTimeoutMs });
    if (keys.length === 0) throw new Error('it has no key that verifies tokens');
  };
  return [[setting, probe]];
}

/** Fetches the keys of each issuer of the policy, as the service does. */
export async function probeIssuers(
  { issuers }: Pick<Policy, 'issuers'>,
  config: Pick<Config, 'variable'>,
  { fetch }: Pick<ProbeDeps, 'fetch'>,
): Promise<readonly DependencyProbe[]> {
  const declared = [...issuers].flatMap(([name, { tokens }]) =>
    tokens === undefined ? [] : [{ setting: `issuer ${name}`, keys: tokens.keys }],
  );
  return Promise.all(
    declared.map(async ({ setting, keys }) => {
      try {
        await probeKeys(keys, config, fetch);
        return { setting };
      } catch (error) {
        return { setting, error };
      }
    }),
  );
}

async function probeKeys(
  keys: KeysPolicy,
  { variable }: Pick<Config, 'variable'>,
  fetch: ProbeDeps['fetch'],
): Promise<void> {
  if ('place' in keys) {
    const problem = localKeyProblem(keys, variable);
    if (problem !== undefined) throw new Error(problem);
    return;
  }
  const request = { fetch, timeoutMs: keySetTimeoutMs };
  const found =
    keys.from === 'discovery'
      ? await discoverKeySet({ ...request, issuer: keys.issuer })
      : await fetchKeySet({ ...request, url: keys.url, algorithm: keys.algorithm });
  if (found.length === 0) throw new Error('it has no key that verifies tokens');
}

function probeSessions(sessions: SessionConfig, deps: ProbeDeps): readonly Probe[] {
  switch (sessions.mode) {
    case 'django':
      return [['DJANGO_DATABASE_URL', probeDjango(sessions)]];
    case 'laravel':
      return probeLaravel(sessions);
    case 'introspect':
      return [['SESSION_INTROSPECTION_URL', probeIntrospection(sessions, deps)]];
  }
}

function probeDjango({ database: where, engine }: DjangoConfig) {
  return () =>
    withApplicationDatabase(where, async (application) => {
      const database = createDjangoDatabase(application);
      // Sessions in signed cookies have no table.
      if (engine !== 'signed_cookies') await database.session('usher-doctor');
      await database.user('1');
    });
}

function probeLaravel({
  database: where,
  tables,
  redis: sessions,
}: LaravelConfig): readonly Probe[] {
  const database = () =>
    withApplicationDatabase(where, async (application) => {
      const rows = createLaravelDatabase(application, tables);
      if (sessions === undefined) await rows.session('usher-doctor');
      await rows.user('1');
    });
  if (sessions === undefined) return [['LARAVEL_DATABASE_URL', database]];
  const { url, keyPrefix } = sessions;
  const redis = () =>
    withClose(openLaravelRedis(url), (redis) => redis.read(`${keyPrefix}usher-doctor`));
  return [
    ['LARAVEL_DATABASE_URL', database],
    ['LARAVEL_REDIS_URL', redis],
  ];
}

function probeIntrospection(sessions: IntrospectionSessions, deps: ProbeDeps) {
  return async () => {
    const result = await introspectSession(sessions, deps)('usher-doctor');
    if ('principal' in result) throw new Error('it accepts a made-up session cookie');
  };
}
