/** A parsed PostgreSQL URL, with one URL for each server. */
interface PostgresServers {
  /** In the order of the original URL. Each names one host and one port, in the form that the driver accepts. */
  readonly urls: readonly string[];
  /** `target_session_attrs` of the URL, as in libpq. */
  readonly target: string | undefined;
  /** The parameter `schema`, which Prisma adds to such URLs. */
  readonly schema: string | undefined;
}

const form =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?<login>[^/?#]*@)?(?<hosts>[^/?#@]*)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;

/**
 * Parses the forms of libpq (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS): several
 * hosts, each with its own port, before the path or in the parameters `host` and `port`; and the directory of a Unix
 * socket as `host`. Returns `undefined` for other texts.
 */
export function readPostgresUrl(text: string): PostgresServers | undefined {
  const parts = form.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { scheme = '', login = '', hosts: named = '', path = '/' } = parts;
  const query = new URLSearchParams(parts['query']);
  const inQuery = query.get('host')?.split(',');
  const ports = query.get('port')?.split(',') ?? [''];
  const hosts = inQuery ?? named.split(',');
  if (ports.length > 1 && ports.length !== hosts.length) return undefined;
  const urls = hosts.map((host, place) => {
    const own = new URLSearchParams(query);
    const port = ports[place] ?? ports[0] ?? '';
    if (inQuery !== undefined) own.set('host', host);
    if (port !== '') own.set('port', port);
    const search = own.size > 0 ? `?${own.toString()}` : '';
    // The port before the path also applies if the host is a parameter.
    return `${scheme}${login}${inQuery === undefined ? host : named}${path}${search}`;
  });
  return urls.every(isUrl) && ports.every(isPort)
    ? {
        urls,
        target: query.get('target_session_attrs') ?? undefined,
        schema: query.get('schema') ?? undefined,
      }
    : undefined;
}

/** The driver adds a default host after a login without one. `URL` does not accept such a URL. */
function isUrl(url: string): boolean {
  return URL.canParse(url.replace('@/', '@localhost/'));
}

function isPort(port: string): boolean {
  return port === '' || (/^[0-9]{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536);
}
