import { isIP } from 'node:net';
import type { Setting } from './setting.ts';

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
  // With a zone (fe80::1%eth0) it means something on one machine only, and not every zone can be matched.
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || more !== undefined) return false;
  // A network of no bits is everybody.
  return (
    bits === undefined ||
    (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}
