import type { Origin, RecordSignal } from '../core/audit-event.ts';
import type {
  HeldRevocation,
  RevocableConnections,
  RevocationStore,
  RevocationSubject,
} from '../core/revocation.ts';
import type { StartTimer } from '../core/timer.ts';
import type { EndGrants, Ending, EndOutcome } from './end-grants.ts';
import {
  effectsOf,
  type Outcome,
  type PusherServer,
  type RevocationEffect,
} from './revocation-effects.ts';

/** A revocation that holds, on every replica. */
export interface Revocation extends HeldRevocation {
  readonly effects: readonly RevocationEffect[];
}

/** Whom this action asks. */
export interface RevokePorts {
  readonly revocations: Pick<RevocationStore, 'revoke'>;
  readonly live: RevocableConnections;
  readonly endGrants: EndGrants;
  /** The servers of all Pusher apps, each once. */
  readonly servers: readonly PusherServer[];
  readonly serverOf: (appKey: string) => PusherServer | undefined;
  readonly recordSignal: RecordSignal;
  readonly now: () => number;
  readonly startTimer: StartTimer;
}

/** Revokes what was issued to a subject before a moment. Throws `Unavailable`, and then it may not hold, or not be recorded. */
export type Revoke = (asked: HeldRevocation, origin: Origin) => Promise<Revocation>;

/** How long claimed connections are left to whoever claimed them, in milliseconds. */
export const leaseTime = 15_000;

/** How long the answer waits for the Pusher servers, in milliseconds. */
const patience = 3_000;

/** The one place where credentials are revoked: written first, so that nobody comes back through an open door. */
export function createRevoke(ports: RevokePorts): Revoke {
  const { revocations, live, endGrants, recordSignal, now } = ports;
  return async (asked, origin) => {
    // Counted before: this process may hear of the revocation, and end them, before the statement is answered.
    const webSockets = live.count(asked);
    const leaseUntil = now() + leaseTime;
    const { issuedBefore, claim } = await revocations.revoke({ ...asked, leaseUntil });
    const revocation = { ...asked, issuedBefore };
    live.end(revocation);
    const endings = endGrants(claim);
    await recordSignal('revoked', { origin, ...idsOf(asked.subject) });
    const users = await outcomes(endings, ports);
    const { kind } = asked.subject;
    return {
      ...revocation,
      effects: effectsOf(kind, { webSockets, users, servers: ports.servers }),
    };
  };
}

/** What became of the users' connections by the time that the answer leaves. */
async function outcomes(
  endings: readonly Ending[],
  { startTimer, serverOf }: RevokePorts,
): Promise<Outcome['users']> {
  const found = new Map<Ending, EndOutcome>();
  const all = Promise.all(
    endings.map(async (ending) => {
      found.set(ending, await ending.outcome);
    }),
  );
  await new Promise<void>((resolve) => {
    const stop = startTimer(patience, resolve);
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

/** The subject in the columns of a signal. */
function idsOf(subject: RevocationSubject): {
  readonly tenantId?: string;
  readonly principalId?: string;
} {
  switch (subject.kind) {
    case 'user': {
      const { userId, tenantId } = subject;
      return { principalId: userId, ...(tenantId !== undefined && { tenantId }) };
    }
    case 'booking':
      return { principalId: `${subject.hotelSlug}/${subject.bookingId}` };
    case 'guest-session':
      return { principalId: subject.sessionId };
    case 'token':
      return { principalId: subject.tokenId };
    case 'tenant':
      return { tenantId: subject.tenantId };
  }
}
