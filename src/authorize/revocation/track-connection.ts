import { refuse, type Decision, type Refusal, type SignInDecision } from '../../policy/decision.ts';
import { principalId, type Principal } from '../../policy/principal.ts';
import type { PusherDialect, TerminatePolicy } from '../../pusher/pusher-app.ts';
import { terminableUserId, type TrackedConnections } from '../../pusher/tracked-connection.ts';
import { createLruMap } from '../../runtime/lru-map.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation.ts';

/** What matters here of a Pusher app. */
interface TrackingApp {
  readonly key: string;
  readonly dialect: PusherDialect;
  readonly terminatePolicy: TerminatePolicy;
}

/** What tracking depends on. */
export interface TrackConnectionDeps {
  readonly liveGrants: Pick<TrackedConnections, 'track' | 'extend'>;
  /** The Pusher app that will sign. */
  readonly appOf: (tenantId: string | undefined) => TrackingApp | undefined;
  readonly now: () => number;
}

/**
 * Makes sure that what was granted can be ended later: gives the same decision, or a refusal when the credential was
 * revoked meanwhile. Throws `Unavailable` when that could not be made sure, and then nothing may leave.
 */
export type TrackConnection = <D extends Decision | SignInDecision>(
  decision: D,
  revocations: Pick<RevocationStore, 'latest'>,
) => Promise<D | Refusal>;

/** Connections of which this process knows that they are tracked; one that is evicted is written again. */
const maxWritten = 20_000;

/** Creates the only writer of tracked connections. */
export function createTrackConnection(deps: TrackConnectionDeps): TrackConnection {
  const { liveGrants, appOf, now } = deps;
  const writtenUntil = createLruMap<number>(maxWritten);

  /** Writes unless this process knows that it was; noted only when it is durable. */
  const once = (name: readonly string[], end: number, write: () => Promise<void>) => {
    const text = JSON.stringify(name);
    if ((writtenUntil.peek(text) ?? -Infinity) >= end) return undefined;
    return write().then(() => {
      writtenUntil.set(text, end);
    });
  };

  return async (decision, revocations) => {
    if (decision.outcome === 'refusal') return decision;
    const { principal, socketId } = decision;
    const app = appOf(decision.tenantId);
    if (app === undefined || !isTrackable(app, principal)) return decision;
    const socket = { appKey: app.key, socketId, principal };
    const name = [app.key, socketId, principal.kind, principalId(principal)];
    const userId = terminableUserId(app.dialect, decision);
    if (userId === undefined) {
      await once(['extend', ...name], principal.expiresAt, () => liveGrants.extend(socket));
      return decision;
    }
    await once(['keep', ...name, userId], principal.expiresAt, () =>
      liveGrants.track({ ...socket, userId, grantedAt: now() }),
    );
    // A revocation that was written before the row was cannot have found it.
    const revoked = isRevoked(principal, await revocations.latest(subjectsOf(principal)));
    return revoked ? refuse(decision, 'revoked') : decision;
  };
}

/** Whether this server can end the connections of such a principal; for others a row would be of no use. */
function isTrackable({ dialect, terminatePolicy }: TrackingApp, { kind }: Principal): boolean {
  if (terminatePolicy === 'never') return false;
  return (
    kind === 'user' || kind === 'visitor' || (kind === 'guest-session' && dialect === 'reverb')
  );
}
