import { BlockList, isIP } from 'node:net';
import type { Setting } from './setting.ts';

type Extras = Pick<Setting<string>, 'development'>;

/** A browser's origin, or `*` for any. */
export const origin = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: (value) =>
    value === '*' || (URL.canParse(value) && new URL(value).origin === value)
      ? { value }
      : { problem: 'must be an origin such as https://app.example, without a path' },
  ...extras,
});

/** An address or a network in CIDR notation. */
export const network = (doc: string): Setting<string> => ({
  doc,
  parse: (value) =>
    isNetwork(value)
      ? { value }
      : { problem: 'must be an address or a network such as 10.0.0.0/8' },
});

function isNetwork(value: string): boolean {
  const [address = '', bits, more] = value.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return (
    bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    (isIP(host) !== 0 && loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4'))
  );
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
