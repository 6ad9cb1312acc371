import { refuse, type Decision, type Refusal, type SignInDecision } from '../../policy/decision.ts';
import { type Principal } from '../../policy/principal.ts';
import type { PusherDialect } from '../../pusher/dialects.ts';
import type { TerminatePolicy } from '../../pusher/pusher-app.ts';
import { terminableUserId, type TrackedConnections } from '../../pusher/tracked-connection.ts';
import { createLruMap } from '../../runtime/caches.ts';
import { isRevoked, subjectsOf, type RevocationStore } from './revocation.ts';

interface TrackingApp {
  readonly key: string;
  readonly dialect: PusherDialect;
  readonly terminatePolicy: TerminatePolicy;
}

interface TrackConnectionDeps {
  readonly trackedConnections: Pick<TrackedConnections, 'track' | 'extend'>;
  /** The Pusher app that will sign. */
  readonly appOf: (tenantId: string | undefined) => TrackingApp | undefined;
  readonly now: () => number;
}

/**
 * Tracks the connection of a grant, so that a revocation can terminate it. Resolves to the same decision, or to a refusal if the
 * credential was revoked meanwhile. Throws `Unavailable`; then the grant must not be sent.
 */
export type TrackConnection = <D extends Decision | SignInDecision>(
  decision: D,
  revocations: Pick<RevocationStore, 'latest'>,
) => Promise<D | Refusal>;

/** The maximum number of cached expiries. An evicted one is written again. */
const maxCached = 20_000;

/** Creates the only writer of tracked connections. */
export function createTrackConnection(deps: TrackConnectionDeps): TrackConnection {
  const { trackedConnections, appOf, now } = deps;
  const writtenUntil = createLruMap<number>(maxCached);

  /** Writes unless this process has written this expiry, or a later one. Cached only after the write. */
  const writeOnce = async (
    name: readonly string[],
    expiresAt: number,
    write: () => Promise<void>,
  ) => {
    const key = JSON.stringify(name);
    if ((writtenUntil.peek(key) ?? -Infinity) >= expiresAt) return;
    await write();
    writtenUntil.set(key, expiresAt);
  };

  return async (decision, revocations) => {
    if (decision.outcome === 'refusal') return decision;
    const { principal, socketId } = decision;
    const app = appOf(decision.tenantId);
    if (app === undefined || !isTrackable(app, principal)) return decision;
    const socket = { appKey: app.key, socketId, principal };
    const name = [app.key, socketId, principal.kind, principal.id];
    const userId = terminableUserId(app.dialect, decision);
    if (userId === undefined) {
      await writeOnce(['extend', ...name], principal.expiresAt, () =>
        trackedConnections.extend(socket),
      );
      return decision;
    }
    await writeOnce(['keep', ...name, userId], principal.expiresAt, () =>
      trackedConnections.track({ ...socket, userId, grantedAt: now() }),
    );
    // A revocation that was written before the row has not found it.
    const revoked = isRevoked(principal, await revocations.latest(subjectsOf(principal)));
    return revoked ? refuse(decision, 'revoked') : decision;
  };
}

/** Whether the server can terminate connections of such a principal; otherwise a row would have no effect. */
function isTrackable({ dialect, terminatePolicy }: TrackingApp, { kind }: Principal): boolean {
  if (terminatePolicy === 'never') return false;
  return (
    kind === 'user' || kind === 'visitor' || (kind === 'guest-session' && dialect === 'reverb')
  );
}
