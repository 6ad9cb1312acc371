import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformed, type RequestProblem } from '../output/problem.ts';
import { maxCharacters } from './lengths.ts';

/** Corrects the headers that clients and proxies send in several forms, before anything reads them. */
export function normalizeHeaders(headers: IncomingHttpHeaders): void {
  normalizeForwardedFor(headers);
  nameOneType(headers);
}

/** True for the address of a proxy whose `X-Forwarded-For` and `X-Request-Id` are trusted. */
type IsTrusted = (address: string | undefined) => boolean;

/**
 * Creates the check from addresses and networks in CIDR notation. An IPv4-mapped IPv6 address matches as its IPv4
 * address.
 */
export function createIsTrusted(networks: readonly string[]): IsTrusted {
  if (networks.length === 0) return () => false;
  const trusted = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  return (address = '') => isIP(address) !== 0 && trusted.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * Removes everything but addresses from `X-Forwarded-For`, because its entries are used in limits, logs and rows. Azure
 * appends a port to each entry, and other proxies write `for=` (RFC 7239 §4). Entries before an invalid entry cannot be
 * trusted, so the client address is that of the proxy that added the invalid entry.
 */
function normalizeForwardedFor(headers: IncomingHttpHeaders): void {
  const header = headers['x-forwarded-for'];
  if (typeof header !== 'string') return;
  const told = header.split(',').map((part) => part.trim());
  const addresses = told.filter((part) => part !== '').map(addressIn);
  const known = addresses.slice(addresses.lastIndexOf(undefined) + 1);
  if (known.length > 0) headers['x-forwarded-for'] = known.join(', ');
  else delete headers['x-forwarded-for'];
}

/** Longer than any address with a port and the other parameters of a `for=`, and short enough for cheap matching. */
const maxPartLength = 256;

/** Extracts the address of an entry: bare, with a port, in brackets, in quotes, or after `for=`. */
function addressIn(part: string): string | undefined {
  if (part.length > maxPartLength) return undefined;
  const node = part
    .replace(/^for=/i, '')
    .replace(/;.*$/s, '')
    .replace(/^"(.*)"$/s, '$1');
  const address = node
    .replace(/^\[(.*)\](?::[0-9]{1,5})?$/s, '$1')
    .replace(/^([0-9.]+):[0-9]{1,5}$/, '$1');
  // An address with a zone (fe80::1%eth0) is valid on one machine only and has no maximum length.
  return isIP(address) !== 0 && !address.includes('%') ? address : undefined;
}

/** The content types of texts: forms and JSON. */
export const knownType = /^\s*application\/(?:json|x-www-form-urlencoded)\s*(?:;|$)/i;

/**
 * Reduces the header to one content type. The type is ignored if there is no body. pusher-js and axios append their
 * type to the type that the page set, and Fastify would reject the list.
 */
function nameOneType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type === undefined) return;
  const isMeaningless =
    /^(?:undefined|null)?$/.test(type) || !(hasBody(headers) || knownType.test(type));
  if (isMeaningless) delete headers['content-type'];
  else if (type.includes(',') && !/^multipart\//i.test(type)) {
    const types = type.split(',').map((each) => each.trim());
    const known = types.find((each) => knownType.test(each));
    if (known !== undefined) headers['content-type'] = known;
  }
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

const malformedTargets = new WeakSet<IncomingMessage>();

/**
 * Returns a request target that the router can parse. The router would respond to a malformed target itself, before any
 * hook: without an audit row, a limit or CORS headers. The escaped target reaches the intended route.
 */
export function routableTarget(request: IncomingMessage): string {
  const { url = '' } = request;
  if (isRoutable(url)) return url;
  malformedTargets.add(request);
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/);
  return path.replaceAll('%', '%25') || '/';
}

function isRoutable(url: string): boolean {
  if (url.startsWith('/') && !url.includes('%')) return true;
  const isAbsolute = /^https?:\/\//i.test(url);
  // RFC 9112 §3.2.2: an absolute target has a host and no fragment.
  if (isAbsolute && !(/^https?:\/\/[^/?#]+[^#]*$/i.test(url) && URL.canParse(url))) return false;
  const [path = ''] = url.split(/[?#]/);
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Refuses a malformed path and a path with a segment that is too long. Runs after routing, when the route is known. */
export function refuseMalformedPaths(server: FastifyInstance): void {
  // Runs after the `onRequest` hooks, which add CORS headers, refuse other methods, and authenticate operators.
  // eslint-disable-next-line max-params -- Fastify's signature of this hook
  server.addHook('preParsing', (request, _reply, payload, done) => {
    done(problemOf(request), payload);
  });
}

function problemOf({ raw, params, is404 }: FastifyRequest): RequestProblem | null {
  if (malformedTargets.has(raw)) return malformed('The path is malformed');
  // The only parameter of an unknown route is the whole path.
  if (is404) return null;
  const parts = params as Readonly<Record<string, string>>;
  for (const name in parts) {
    const { length } = parts[name] ?? '';
    // The rest of a path, whose segments its route checks.
    if (name === '*') continue;
    if (length > maxCharacters.id) return malformed(`The ${name} in the path is too long`);
  }
  return null;
}
