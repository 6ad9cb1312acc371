import type { Origin, WriteSecurityEvent } from '../../audit/audit-event.ts';
import type { StartTimer } from '../../runtime/timer.ts';
import type { EndConnections, Ending, EndOutcome } from './end-connections.ts';
import {
  effectsOf,
  type Outcome,
  type PusherServer,
  type RevocationEffect,
} from './revocation-effects.ts';
import type {
  StoredRevocation,
  RevocableConnections,
  RevocationStore,
  RevocationSubject,
} from './revocation.ts';

/** A revocation that applies on every replica. */
interface Revocation extends StoredRevocation {
  readonly effects: readonly RevocationEffect[];
}

export interface RevokeDeps {
  readonly revocations: Pick<RevocationStore, 'revoke'>;
  readonly live: RevocableConnections;
  readonly endConnections: EndConnections;
  /** The servers of all Pusher apps, without duplicates. */
  readonly servers: readonly PusherServer[];
  readonly serverOf: (appKey: string) => PusherServer | undefined;
  readonly writeSecurityEvent: WriteSecurityEvent;
  readonly now: () => number;
  readonly startTimer: StartTimer;
}

/** The time for which other replicas leave leased connections to this one. */
export const leaseTimeMs = 15_000;

/** The response waits for Pusher servers up to this time. */
const timeoutMs = 3_000;

/**
 * Revokes credentials that were issued to a subject before a time. The revocation is written before connections are terminated,
 * so that clients cannot reconnect. Throws `Unavailable`; then the revocation or its security event may not be written.
 */
export async function revoke(
  revocation: StoredRevocation,
  origin: Origin,
  deps: RevokeDeps,
): Promise<Revocation> {
  // Counted first: this process may be notified, and close them, before the statement returns.
  const webSockets = deps.live.count(revocation);
  const leaseUntil = deps.now() + leaseTimeMs;
  const { issuedBefore, lease } = await deps.revocations.revoke({ ...revocation, leaseUntil });
  const stored = { ...revocation, issuedBefore };
  deps.live.close(stored);
  const endings = deps.endConnections(lease);
  await deps.writeSecurityEvent('revoked', { origin, ...idsOf(revocation.subject) });
  const users = await outcomes(endings, deps);
  const effects = effectsOf(revocation.subject.kind, { webSockets, users, servers: deps.servers });
  return { ...stored, effects };
}

/** The outcomes after the timeout, or when all are known. */
async function outcomes(
  endings: readonly Ending[],
  { startTimer, serverOf }: RevokeDeps,
): Promise<Outcome['users']> {
  const found = new Map<Ending, EndOutcome>();
  const all = Promise.all(
    endings.map(async (ending) => {
      found.set(ending, await ending.outcome);
    }),
  );
  await new Promise<void>((resolve) => {
    const stop = startTimer(timeoutMs, resolve);
    void all.then(() => {
      stop();
      resolve();
    });
  });
  return endings.map((ending) => ({
    server: serverOf(ending.user.appKey),
    outcome: found.get(ending),
  }));
}

/** The subject in the columns of a security event. */
function idsOf(subject: RevocationSubject): {
  readonly tenantId?: string;
  readonly principalId?: string;
} {
  switch (subject.kind) {
    case 'user': {
      const { userId, tenantId } = subject;
      return { principalId: userId, ...(tenantId !== undefined && { tenantId }) };
    }
    case 'named':
      return { principalId: subject.parts.slice(1).join('/') };
    case 'guest-session':
      return { principalId: subject.sessionId };
    case 'token':
      return { principalId: subject.tokenId };
    case 'tenant':
      return { tenantId: subject.tenantId };
  }
}
