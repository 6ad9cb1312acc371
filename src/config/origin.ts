import type { Parsed, Setting } from './setting.ts';

type Extras = Pick<Setting<string>, 'development'>;

/**
 * An origin as browsers spell it (RFC 6454 §6.2), whatever its case and with or without its scheme's own port; a wildcard for one
 * label of a host, such as `https://*.tenants.example`; or `*` for any.
 */
export const origin = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) => (value === '*' ? { value } : parseOrigin(value)),
  ...extras,
});

const bad = (problem: string) => ({ problem });

function parseOrigin(value: string): Parsed<string> {
  if (value === 'null') return bad('is null, the origin of sandboxed pages and files of anybody');
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? [];
  if (scheme === '') return bad('has no scheme: write it as https://app.example');
  if (/^wss?$/i.test(scheme)) return bad('is of a WebSocket: name the page, https://app.example');
  if (/^file$/i.test(scheme)) return bad('is of files, whose origin is null for browsers');
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
    : bad('has no host or port that is valid');
}

/** An app or an extension, such as `capacitor://localhost`: for these schemes `URL` knows no origin, and browsers send this. */
function parseAppOrigin(scheme: string, host: string): Parsed<string> {
  const isHost = /^[a-z0-9._-]{1,253}(?::[0-9]{1,5})?$/i.test(host);
  return isHost && URL.canParse(`${scheme}://${host}`)
    ? { value: `${scheme}://${host}`.toLowerCase() }
    : bad('has no host, such as localhost in capacitor://localhost');
}

const badWildcard =
  'has a wildcard that is not the first label of a domain: only https://*.tenants.example works';

/** Below a domain of two labels at least: `https://*.com` would match sites of any owner. `localhost` is always this machine. */
function parseWildcard(scheme: string, rest: string): Parsed<string> {
  const [, domain = ''] = /^\*\.([^*]+)$/.exec(rest) ?? [];
  if (!URL.canParse(`${scheme}://${domain}`)) return bad(badWildcard);
  const { hostname, host, protocol } = new URL(`${scheme}://${domain}`);
  const isDomain = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/.test(hostname) || hostname === 'localhost';
  return isDomain ? { value: `${protocol}//*.${host}` } : bad(badWildcard);
}
