import type { PusherApp } from '../pusher/pusher-app.ts';
import type { Secret } from '../runtime/secret.ts';
import type { Config } from './load.ts';

/** One line of the log at the start, without secrets. */
interface Summary {
  readonly database: string;
  readonly redis: string;
  readonly pusher: string;
  /** The kinds of credential that are accepted. */
  readonly credentials: readonly string[];
}

export function summarize(config: Config): Summary {
  const { database, redis, pusher, tenantsApps } = config;
  const apps = tenantsApps.length === 0 ? '' : `, and ${tenantsApps.length} of PUSHER_APPS`;
  return {
    database: 'dataDir' in database ? `embedded in ${database.dataDir}` : addressOf(database.url),
    redis: redis === undefined ? 'none' : addressOf(redis),
    pusher: `${serverOf(pusher)}${apps}`,
    credentials: credentialsOf(config),
  };
}

function serverOf({ dialect, host, port, path = '', cluster = 'mt1' }: PusherApp): string {
  const at = host === undefined ? `cluster ${cluster}` : `at ${host}`;
  return `${dialect} ${at}${port === undefined ? '' : `:${port}`}${path}`;
}

function credentialsOf({
  guestTokens,
  userTokens,
  sanctum,
  passport,
  tokenIntrospection,
  sessions,
}: Config): readonly string[] {
  return [
    ...(guestTokens ? ['guest tokens'] : []),
    ...(userTokens ? ['users’ JWTs'] : []),
    ...(sanctum ? ['Sanctum tokens'] : []),
    ...(passport?.publicKey === undefined ? [] : ['Passport tokens']),
    ...(tokenIntrospection ? ['opaque tokens (introspection)'] : []),
    ...(sessions ? [`session cookies (${sessions.mode})`] : []),
    'guest sessions',
  ];
}

/**
 * Hosts and path of a connection URL; never its user name, its password or its query, but for the directory of a socket.
 * A URL with an unexpected `@` is not shown: the password may extend beyond it.
 */
export function addressOf(url: Secret): string {
  const [, hosts = '', path = '', query = ''] =
    /^[a-z+]+:\/\/(?:[^@/?#]*@)?([^@/?#]*)(\/[^@?#]*)?(?:\?([^@#]*))?$/i.exec(url.reveal()) ?? [];
  const directory = new URLSearchParams(query).get('host') ?? '';
  return `${hosts || directory}${path}` || 'an address that is not shown';
}
