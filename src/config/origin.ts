import type { Parsed, Setting } from './setting.ts';

type Extras = Pick<Setting<string>, 'development'>;

/**
 * An origin, normalized to the form of browsers (RFC 6454 §6.2): lower case, without the default port; a wildcard for one label of
 * a host, such as `https://*.tenants.example`; or `*` for any origin.
 */
export const origin = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) => (value === '*' ? { value } : parseOrigin(value)),
  ...extras,
});

const bad = (problem: string) => ({ problem });

function parseOrigin(value: string): Parsed<string> {
  const separator = separatorProblem(value);
  if (separator !== undefined) return bad(separator);
  if (value === 'null') return bad('is null, the origin of any sandboxed page and any file');
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  if (scheme === '') return bad('has no scheme: write it as https://app.example');
  if (/^wss?$/i.test(scheme))
    return bad('is a WebSocket address: use the origin of the page, such as https://app.example');
  if (/^file$/i.test(scheme)) return bad('is for files, which have the origin null');
  if (/[/?#\\]/.test(rest)) {
    return bad('has a path or ends in a slash: an origin ends with its host and port');
  }
  if (rest.includes('@'))
    return bad('has a user name or a password, which are not part of an origin');
  const isOfWeb = /^https?$/i.test(scheme);
  if (rest.includes('*')) return isOfWeb ? parseWildcard(scheme, rest) : bad(badWildcard);
  return isOfWeb ? parseWebOrigin(value) : parseAppOrigin(scheme, rest);
}

function parseWebOrigin(value: string): Parsed<string> {
  return URL.canParse(value)
    ? { value: new URL(value).origin }
    : bad('has an invalid host or port');
}

/** An app or an extension, such as `capacitor://localhost`: for these schemes `URL` has no origin, but browsers send this one. */
function parseAppOrigin(scheme: string, host: string): Parsed<string> {
  const isHost = /^[a-z0-9._-]{1,253}(?::[0-9]{1,5})?$/i.test(host);
  return isHost && URL.canParse(`${scheme}://${host}`)
    ? { value: `${scheme}://${host}`.toLowerCase() }
    : bad('has no host, such as localhost in capacitor://localhost');
}

const badWildcard =
  'has a wildcard that is not the first label of a domain, as in https://*.tenants.example';

/** The domain has at least two labels: `https://*.com` would match sites of any owner. `localhost` is always this machine. */
function parseWildcard(scheme: string, rest: string): Parsed<string> {
  const [, domain = ''] = /^\*\.([^*]+)$/.exec(rest) ?? [];
  if (!URL.canParse(`${scheme}://${domain}`)) return bad(badWildcard);
  const { hostname, host, protocol } = new URL(`${scheme}://${domain}`);
  const isDomain = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/.test(hostname) || hostname === 'localhost';
  return isDomain ? { value: `${protocol}//*.${host}` } : bad(badWildcard);
}

/** The problem of an item if its list is not separated by commas. `docker run --env-file` keeps quotes as a part of the value. */
export function separatorProblem(item: string): string | undefined {
  if (/^["']|["']$/.test(item)) return 'has quotes, which are part of the value: remove them';
  if (/[\s;]/.test(item)) return 'has a space or a semicolon: separate the items by commas';
  return undefined;
}
