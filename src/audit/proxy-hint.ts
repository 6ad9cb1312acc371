import { isPrivateAddress } from '../runtime/network/private-address.ts';
import type { AuditEvent } from './audit-event.ts';

/** A private address from which many principals sent requests. */
export interface SuspectedProxy {
  readonly address: string;
  readonly principals: number;
}

/** More than people who share a computer, within an hour. */
const mostPrincipals = 10;
const period = 3_600_000;
/** Milliseconds without a second warning. */
const silence = 86_400_000;
/** Proxies are few; of more private addresses the first are enough, and memory stays bounded. */
const mostAddresses = 16;

/**
 * Watches decisions where no proxy is trusted. Many principals at one private address are visitors behind a proxy, who then
 * share the limits of that address; `warn` is called about it once a day at most.
 */
export function createProxyHint(ports: {
  readonly warn: (suspected: SuspectedProxy) => void;
  readonly now: () => number;
}): (event: AuditEvent) => void {
  const principalsAt = new Map<string, Set<string>>();
  let isSilent = false;
  let until = 0;
  return (event) => {
    const now = ports.now();
    if (now >= until) {
      principalsAt.clear();
      isSilent = false;
      until = now + period;
    }
    if (isSilent || !isPrivateAddress(event.address)) return;
    const principal = principalIn(event);
    if (principal === undefined) return;
    const principals = principalsAt.get(event.address) ?? new Set();
    if (principals.size === 0 && principalsAt.size === mostAddresses) return;
    principalsAt.set(event.address, principals.add(principal));
    if (principals.size < mostPrincipals) return;
    ports.warn({ address: event.address, principals: principals.size });
    principalsAt.clear();
    isSilent = true;
    until = now + silence;
  };
}

/** The principal of a request; none for requests of a chat server, which redeems the tickets of all its users from one address. */
function principalIn(event: AuditEvent): string | undefined {
  const { action, principalKind, principalId, tenantId = '' } = event;
  if (action === 'redeem-ticket' || principalId === undefined) return undefined;
  return JSON.stringify([principalKind, tenantId, principalId]);
}
