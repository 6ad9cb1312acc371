import { fetchKeySet } from '../../authn/jwt/fetch-key-set.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import type { Config, GuestTokenConfig, UserTokenConfig } from '../../config/load.ts';
import type { HostDatabaseConfig, SessionConfig } from '../../config/sessions.ts';
import { createDjangoDatabase } from '../../database/host/django-database.ts';
import { createHostDatabase, type HostDatabase } from '../../database/host/host-database.ts';
import { createPersonalAccessTokens } from '../../database/host/personal-access-tokens.ts';
import type { Secret } from '../../runtime/secret.ts';

/** A dependency that was checked, by the setting that names it; `error` is set when it does not work. */
export interface AskedDependency {
  readonly setting: string;
  readonly error?: unknown;
}

type Ask = readonly [setting: string, ask: () => Promise<void>];

/** The network, and the time in milliseconds since the epoch. */
interface Surroundings {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Milliseconds for one key set. */
const patience = 5_000;

/** Sends each server of a configuration, except Pusher servers and upstreams, the requests that Usher sends. Leaves only a key in Redis, for a second. */
export function askDependencies(
  config: Config,
  around: Surroundings,
): Promise<readonly AskedDependency[]> {
  const { database, redis, guestTokens, userTokens, sanctum, sessions } = config;
  const asks: readonly Ask[] = [
    ...('url' in database ? [askOwnDatabase(database.url)] : []),
    ...(redis === undefined ? [] : [askRedis(redis)]),
    ...askKeySet('GUEST_TOKEN_JWKS_URL', guestTokens, around),
    ...askKeySet('USER_TOKEN_JWKS_URL', userTokens, around),
    ...(sanctum === undefined ? [] : [askSanctum(sanctum.database)]),
    ...(sessions === undefined ? [] : [askSessions(sessions, around)]),
  ];
  return Promise.all(
    asks.map(async ([setting, ask]) => {
      try {
        await ask();
        return { setting };
      } catch (error) {
        return { setting, error };
      }
    }),
  );
}

function askOwnDatabase(url: Secret): Ask {
  return [
    'DATABASE_URL',
    withHost({ url, timeZone: 'UTC' }, (host) => host.findRow('SELECT 1', [])),
  ];
}

/** A made-up token: what counts is that the table can be read. */
function askSanctum(database: HostDatabaseConfig): Ask {
  return [
    'SANCTUM_DATABASE_URL',
    withHost(database, (host) => createPersonalAccessTokens(host)('1')),
  ];
}

function withHost(where: HostDatabaseConfig, ask: (host: HostDatabase) => Promise<unknown>) {
  return async () => {
    const host = createHostDatabase({ ...where, poolSize: 1 });
    try {
      await ask(host);
    } finally {
      await host.close();
    }
  };
}

function askRedis(url: Secret): Ask {
  const ask = async () => {
    const { createRedis } = await import('../../redis/client.ts');
    const redis = await createRedis({ url, log: { warn: () => undefined } });
    try {
      const fault = redis.fault();
      if (fault !== undefined) throw new Error(fault);
      // A write: a read-only replica, and a server out of memory, answer everything else.
      await redis.ask((client) => client.set('doctor', '1', 'PX', 1_000));
    } finally {
      await redis.close();
    }
  };
  return ['REDIS_URL', ask];
}

function askKeySet(
  setting: string,
  tokens: GuestTokenConfig | UserTokenConfig | undefined,
  { fetch }: Surroundings,
): readonly Ask[] {
  if (tokens === undefined || !('jwksUrl' in tokens.keys)) return [];
  const url = tokens.keys.jwksUrl;
  const ask = async () => {
    const keys = await fetchKeySet({ url, fetch, timeout: patience });
    if (keys.length === 0) throw new Error('it has no key that verifies tokens');
  };
  return [[setting, ask]];
}

function askSessions(sessions: SessionConfig, { fetch, now }: Surroundings): Ask {
  if (sessions.mode === 'django') {
    const ask = withHost(sessions.database, async (host) => {
      const database = createDjangoDatabase(host);
      // Sessions in cookies have no table.
      if (sessions.engine !== 'signed_cookies') await database.session('usher-doctor');
      await database.user('1');
    });
    return ['DJANGO_DATABASE_URL', ask];
  }
  const ask = async () => {
    const answer = await createSessionCookieReader(sessions, { fetch, now })('usher-doctor');
    if ('principal' in answer) throw new Error('it takes a made-up session cookie for a user');
  };
  return ['SESSION_INTROSPECTION_URL', ask];
}
