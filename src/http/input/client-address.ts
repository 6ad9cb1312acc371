import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** True for the address of a proxy whose `X-Forwarded-For` and `X-Request-Id` are trusted. */
export type IsTrusted = (address: string | undefined) => boolean;

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
export function normalizeForwardedFor(headers: IncomingHttpHeaders): void {
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
