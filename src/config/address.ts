import { isIP, isIPv6 } from 'node:net';
import { readMysqlUrl } from '../database/mysql-url.ts';
import { readPostgresUrl } from '../database/postgres-url.ts';
import { parseRedisUrl } from '../redis/redis-url.ts';
import { RenewableSecret, type Secret } from '../runtime/secret.ts';
import { separatorProblem } from './origin.ts';
import type { Setting } from './setting.ts';

const labels = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_-]+)*\.?$/;

const isHost = (value: string): boolean => isIP(value) !== 0 || labels.test(value);

/** An address to listen on: an IP address, or a name that the system resolves. */
export const listenHost = (
  doc: string,
  extras: Pick<Setting<string>, 'fallback'> = {},
): Setting<string> => ({
  doc,
  parse: (value) =>
    isHost(value)
      ? { value }
      : { problem: 'must be an IP address or a host name, without a scheme and a port' },
  ...extras,
});

/** The name of a host in requests, in lower case, without a port. */
export const hostName = (doc: string): Setting<string> => ({
  doc,
  parse: (value) =>
    labels.test(value)
      ? { value: value.toLowerCase() }
      : { problem: 'must be a host name such as usher.internal, without a scheme and a port' },
});

/** A host as part of a URL, with an IPv6 address in brackets; `undefined` if it is invalid. */
export function urlHost(value: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
  if (isIPv6(bare)) return bare.includes('%') ? undefined : `[${bare}]`;
  return bare === value && isHost(value) ? value : undefined;
}

export const urlHostProblem =
  'must be a host name or an IP address, without a scheme, a port or a path';

/** The host of a Pusher server. */
export const serverHost = (doc: string): Setting<string> => ({
  doc,
  parse: (value) => {
    const host = urlHost(value);
    return host === undefined
      ? { problem: `${urlHostProblem}; the port belongs in PUSHER_PORT` }
      : { value: host };
  },
});

/** An IP address, or a network in CIDR notation. */
export const network = (doc: string): Setting<string> => ({
  doc,
  parse: (value) =>
    isNetwork(value) ? { value } : { problem: separatorProblem(value) ?? networkProblem(value) },
});

const networkProblem = (value: string) =>
  /^(?:0\.0\.0\.0|::)\/0$/.test(value)
    ? 'is every address, so each client could name any address as its own: name the networks of the proxies'
    : 'must be an address or a network such as 10.0.0.0/8';

function isNetwork(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  // A zone (fe80::1%eth0) is valid on one machine only, and not every zone can be matched.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || more !== undefined) return false;
  // A network of 0 bits contains every address.
  return (
    bits === undefined ||
    (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

/** The URL of one or more PostgreSQL servers. */
export const postgresUrl = (doc: string): Setting<Secret> => ({
  doc,
  parse: (value) => {
    if (!/^postgres(?:ql)?:\/\//.test(value)) {
      return { problem: 'must be an address that begins with postgres:// or postgresql://' };
    }
    return readPostgresUrl(value) === undefined
      ? {
          problem:
            'must be a URL such as postgresql://user:password@host:5432/database: several hosts are separated by commas, ' +
            'a Unix socket is ?host=/directory, and special characters of the password are percent-encoded',
        }
      : { value: new RenewableSecret(value) };
  },
  secret: true,
});

/** The problem of the URL of an application's database; `undefined` for a valid one. */
export function applicationDatabaseProblem(value: string): string | undefined {
  const parsed = applicationDatabaseUrl('').parse(value);
  return 'problem' in parsed ? parsed.problem : undefined;
}

/** The URL of an application's database: PostgreSQL, or MySQL or MariaDB. */
export const applicationDatabaseUrl = (doc: string): Setting<Secret> => {
  const postgres = postgresUrl(doc);
  return {
    doc,
    parse: (value) => {
      if (/^postgres(?:ql)?:/.test(value)) return postgres.parse(value);
      if (readMysqlUrl(value) !== undefined) return { value: new RenewableSecret(value) };
      return {
        problem: /^(?:mysql|mariadb):/.test(value)
          ? 'must be a URL such as mysql://user:password@host:3306/database, with no other parameters than ssl-mode=VERIFY_IDENTITY (for a host name, not an address) or DISABLED, ssl-ca and socket, and with special characters of the password percent-encoded'
          : 'must be an address that begins with postgresql://, mysql:// or mariadb://',
      };
    },
    secret: true,
  };
};

export const redisUrl = (doc: string): Setting<Secret> => ({
  doc,
  parse: (text) => {
    const address = parseRedisUrl(text);
    return 'problem' in address ? address : { value: new RenewableSecret(text) };
  },
  secret: true,
});
