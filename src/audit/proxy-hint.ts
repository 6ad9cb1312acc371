import type { AuditEvent } from './audit-event.ts';

/** A private address with requests of many principals. */
export interface SuspectedProxy {
  readonly address: string;
  readonly principals: number;
}

/** More than the users of a shared computer within `windowMs`. */
const maxPrincipals = 10;
const windowMs = 3_600_000;
/** The time between two warnings. */
const muteMs = 86_400_000;
/** Bounds the memory. A deployment has few proxies. */
const maxAddresses = 16;

/**
 * Detects a proxy that is not in `TRUSTED_PROXIES`: many principals have the same private address and share its limits.
 * Calls `warn` at most once a day.
 */
export function createProxyDetector(deps: {
  readonly warn: (suspected: SuspectedProxy) => void;
  readonly now: () => number;
}): (event: AuditEvent) => void {
  const principalsAt = new Map<string, Set<string>>();
  let isMuted = false;
  let mutedUntil = 0;
  return (event) => {
    const now = deps.now();
    if (now >= mutedUntil) {
      principalsAt.clear();
      isMuted = false;
      mutedUntil = now + windowMs;
    }
    if (isMuted || !isPrivateAddress(event.address)) return;
    const principal = principalIn(event);
    if (principal === undefined) return;
    const principals = principalsAt.get(event.address) ?? new Set();
    if (principals.size === 0 && principalsAt.size === maxAddresses) return;
    principalsAt.set(event.address, principals.add(principal));
    if (principals.size < maxPrincipals) return;
    deps.warn({ address: event.address, principals: principals.size });
    principalsAt.clear();
    isMuted = true;
    mutedUntil = now + muteMs;
  };
}

/** The principal of a request; `undefined` for a chat server, which redeems the tickets of all users from one address. */
function principalIn(event: AuditEvent): string | undefined {
  const { action, principalKind, principalId, tenantId = '' } = event;
  if (action === 'redeem-ticket' || principalId === undefined) return undefined;
  return JSON.stringify([principalKind, tenantId, principalId]);
}

/**
 * IPv4: private networks, loopback, link-local, and the shared address space of carriers (RFC 6598), which clouds use
 * for pods.
 */
const privateIpv4 =
  /^(?:::ffff:)?(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./i;

/** IPv6: loopback, unique local (fc00::/7), link-local (fe80::/10). */
const privateIpv6 = /^(?:::1$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i;

/**
 * True for an address that is not routed on the Internet: loopback, link-local, private or shared (RFC 6890), also as an
 * IPv4-mapped IPv6 address. The address must come from a socket of Node. It is matched as text, because `BlockList` parses it,
 * which takes 20 µs.
 */
export function isPrivateAddress(address: string): boolean {
  return privateIpv4.test(address) || privateIpv6.test(address);
}
