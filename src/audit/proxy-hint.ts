import { isPrivateAddress } from '../runtime/network/private-address.ts';
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
