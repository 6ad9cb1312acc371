import { BlockList, isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress } from '../../src/audit/proxy-hint.ts';

const networks = new BlockList();
networks.addSubnet('10.0.0.0', 8);
networks.addSubnet('100.64.0.0', 10);
networks.addSubnet('127.0.0.0', 8);
networks.addSubnet('169.254.0.0', 16);
networks.addSubnet('172.16.0.0', 12);
networks.addSubnet('192.168.0.0', 16);
networks.addAddress('::1', 'ipv6');
networks.addSubnet('fc00::', 7, 'ipv6');
networks.addSubnet('fe80::', 10, 'ipv6');

/** Every first two bytes of an IPv4 address, and every first group of an IPv6 address. */
const addresses = Array.from({ length: 65_536 }, (_, i) => [
  `${i >> 8}.${i & 255}.0.9`,
  `::ffff:${i >> 8}.${i & 255}.0.9`,
  `${i.toString(16)}::9`,
]).flat();

describe('isPrivateAddress', () => {
  it('is true for the networks that are not routed on the Internet', () => {
    const wrong = addresses.filter(
      (each) => isPrivateAddress(each) !== networks.check(each, isIP(each) === 6 ? 'ipv6' : 'ipv4'),
    );
    expect(wrong).toStrictEqual([]);
  });

  it.each(['::1', '127.0.0.1'])('is true for %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['', '1270.0.0.1', '::11', 'fd', '100.6.0.1'])('is false for %j', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});
