/** The parsed `REDIS_URL`. It contains passwords: never log it. */
export interface RedisAddress {
  readonly kind: RedisKind;
  readonly tls: boolean;
  /** The server, some nodes of a Cluster, or the Sentinels. */
  readonly nodes: readonly RedisNode[];
  readonly login: RedisLogin;
  /** The index of the database; a Cluster has only 0. */
  readonly database: number;
  readonly sentinel?: SentinelPart;
}

type RedisKind = 'single' | 'cluster' | 'sentinel';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/** The name of the master, and the login for the Sentinels. */
interface SentinelPart {
  readonly master: string;
  readonly login: RedisLogin;
}

const forms =
  'redis://host:6379/0, redis+cluster://host-a,host-b or redis+sentinel://host-a,host-b/master-name, with rediss for TLS';

const wholeUrl =
  /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^/?#@]*)\/?)?(?:\?([^#]*))?$/;

/** The supported query parameters. `family` is for other clients; Node.js always tries IPv6 and IPv4. */
const parameterNames: Readonly<Record<RedisKind, readonly string[]>> = {
  single: ['db', 'family'],
  cluster: ['family'],
  sentinel: ['db', 'family', 'sentinel_username', 'sentinel_password'],
};

class UrlProblem extends Error {}

/**
 * Parses `REDIS_URL`. A `problem` is the rest of a sentence that begins with the name of the setting. It never contains
 * the value.
 */
export function parseRedisUrl(text: string): RedisAddress | { readonly problem: string } {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof UrlProblem) return { problem: error.message };
    throw error;
  }
}

function parse(text: string): RedisAddress {
  const parts = wholeUrl.exec(text);
  if (parts === null) {
    const characters = 'in a user name or password write / ? # @ as %2F %3F %23 %40';
    throw new UrlProblem(`must have the form ${forms}; ${characters}`);
  }
  const [, s, extension = 'single', userinfo = '', hosts = '', path = '', query] = parts;
  const kind = extension as RedisKind;
  const parameters = readParameters(query, kind);
  const common = {
    kind,
    tls: s === 's',
    nodes: parseNodes(hosts, kind),
    login: parseLogin(userinfo),
  };
  if (kind !== 'sentinel') {
    return { ...common, database: parseDatabase(path || parameters.get('db'), kind) };
  }
  if (path === '') {
    throw new UrlProblem('must end with the name of the master: redis+sentinel://host/master-name');
  }
  const login = loginOf(parameters.get('sentinel_username'), parameters.get('sentinel_password'));
  return {
    ...common,
    database: parseDatabase(parameters.get('db'), kind),
    sentinel: { master: decoded(path), login },
  };
}

function readParameters(query: string | undefined, kind: RedisKind): URLSearchParams {
  const parameters = new URLSearchParams(query);
  const known = parameterNames[kind];
  if ([...parameters.keys()].every((name) => known.includes(name))) return parameters;
  throw new UrlProblem(`has an unknown parameter after the ?; known are ${known.join(', ')}`);
}

function parseNodes(hosts: string, kind: RedisKind): readonly RedisNode[] {
  const names = hosts.split(',');
  if (kind === 'single' && names.length > 1) {
    throw new UrlProblem(
      'names several servers: write redis+cluster:// for the nodes of a Redis Cluster, redis+sentinel:// for Sentinels',
    );
  }
  return names.map((name) => parseNode(name, kind));
}

function parseNode(text: string, kind: RedisKind): RedisNode {
  const [, host = '', digits] = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::([0-9]*))?$/.exec(text) ?? [];
  if (host === '') {
    throw new UrlProblem('must name hosts as host or host:port, an IPv6 address as [::1]');
  }
  const port = digits === undefined ? (kind === 'sentinel' ? 26_379 : 6_379) : Number(digits);
  if (port < 1 || port > 65_535) throw new UrlProblem('must have ports from 1 to 65535');
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function parseDatabase(text: string | null, kind: RedisKind): number {
  const database = /^[0-9]{1,9}$/.test(text ?? '0') ? Number(text ?? '0') : NaN;
  if (Number.isNaN(database)) {
    throw new UrlProblem('must give the database as a number, such as redis://host:6379/0');
  }
  if (kind === 'cluster' && database !== 0) {
    throw new UrlProblem('must not name a database: a Redis Cluster has database 0 only');
  }
  return database;
}

function parseLogin(userinfo: string): RedisLogin {
  const [username = '', ...rest] = userinfo.split(':');
  return loginOf(decoded(username), decoded(rest.join(':')));
}

function loginOf(username: string | null, password: string | null): RedisLogin {
  return { ...(username && { username }), ...(password && { password }) };
}

/** Keeps a stray %, as other Redis clients do. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
