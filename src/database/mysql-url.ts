import { isIP } from 'node:net';

/** A parsed URL of MySQL or MariaDB. It contains the password: never log it. */
export interface MysqlAddress {
  readonly server:
    { readonly host: string; readonly port: number } | { readonly socketPath: string };
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Whether to connect with TLS, and the file of the certificate authority, if it is not a public one. */
  readonly tls: { readonly caFile?: string } | undefined;
}

const form =
  /^(?:mysql|mariadb):\/\/(?:(?<user>[^:/?#@]*)(?::(?<password>[^/?#@]*))?@)?(?<host>\[[0-9A-Fa-f:.]+\]|[^:/?#@[\]\s]*)(?::(?<port>[0-9]{1,5}))?\/(?<database>[^/?#]+)(?:\?(?<query>[^#]*))?$/;

/** Parameters that Laravel adds for itself. The client always uses utf8mb4. */
const ignored: ReadonlySet<string> = new Set(['charset', 'collation']);

/**
 * Parses a URL such as `mysql://user:password@host:3306/database`. Parameters: `ssl-mode` (`DISABLED`, or
 * `VERIFY_IDENTITY`, the only mode that authenticates the server, by its name), `ssl-ca` (a file) and `socket` (a path), as in
 * MySQL's own URLs. Returns `undefined` for other texts, and for other parameters.
 */
export function readMysqlUrl(text: string): MysqlAddress | undefined {
  const parts = form.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { user = '', password = '', host = '', port = '3306', database = '' } = parts;
  const query = new URLSearchParams(parts['query']);
  const mode = query.get('ssl-mode') ?? 'DISABLED';
  const [caFile, socketPath] = [query.get('ssl-ca'), query.get('socket')];
  const isKnown = [...query.keys()].every(
    (name) => ['ssl-mode', 'ssl-ca', 'socket'].includes(name) || ignored.has(name),
  );
  if (!isKnown || (mode !== 'DISABLED' && mode !== 'VERIFY_IDENTITY')) return undefined;
  // A certificate authority without TLS is a mistake.
  if (caFile !== null && mode === 'DISABLED') return undefined;
  // The driver does not compare the addresses of a certificate, but the name `localhost`.
  const isAddress = isIP(host.replace(/^\[|\]$/g, '')) !== 0;
  if (mode !== 'DISABLED' && socketPath === null && isAddress) return undefined;
  if ((host === '' && socketPath === null) || Number(port) < 1 || Number(port) > 65_535) {
    return undefined;
  }
  const decoded = [user, password, database].map(decode);
  if (decoded.includes(undefined)) return undefined;
  const [name = '', word = '', schema = ''] = decoded;
  return {
    server:
      socketPath === null
        ? { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
        : { socketPath },
    user: name,
    password: word,
    database: schema,
    tls: mode === 'DISABLED' ? undefined : { ...(caFile !== null && { caFile }) },
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
