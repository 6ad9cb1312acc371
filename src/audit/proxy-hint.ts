import { isPrivateAddress } from '../runtime/network/private-address.ts';
import type { AuditEvent } from './audit-event.ts';

/** A private address from which many principals sent requests. */
export interface SuspectedProxy {
  readonly address: string;
  readonly principals: number;
}

/** More than people who share a computer, within an hour. */
const maxPrincipals = 10;
const windowMs = 3_600_000;
/** Milliseconds without a second warning. */
const muteMs = 86_400_000;
/** Proxies are few; of more private addresses the first are enough, and memory stays bounded. */
const maxAddresses = 16;

/**
 * Watches decisions where no proxy is trusted. Many principals at one private address are visitors behind a proxy, who then
 * share the limits of that address; `warn` is called about it once a day at most.
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

/** The principal of a request; none for requests of a chat server, which redeems the tickets of all its users from one address. */
function principalIn(event: AuditEvent): string | undefined {
  const { action, principalKind, principalId, tenantId = '' } = event;
  if (action === 'redeem-ticket' || principalId === undefined) return undefined;
  return JSON.stringify([principalKind, tenantId, principalId]);
}
