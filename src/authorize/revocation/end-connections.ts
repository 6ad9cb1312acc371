import type {
  AppUser,
  TerminationLease,
  TrackedConnections,
} from '../../pusher/tracked-connection.ts';
import type { TerminatePolicy } from '../../pusher/pusher-app.ts';
import {
  createOutageLog,
  reasonOf,
  type OutageLog,
  type OutageLogDeps,
} from '../../observability/outage-log.ts';

/** What this action needs. */
export interface EndConnectionsDeps {
  /** Ends all connections of a user; throws `Unavailable`. */
  readonly terminate: (user: AppUser) => Promise<void>;
  /** How often Usher may send the request to the server of this app. */
  readonly policyOf: (appKey: string) => TerminatePolicy;
  readonly liveGrants: Pick<TrackedConnections, 'settle' | 'remove' | 'postpone'>;
  readonly now: () => number;
  /** Aborted when Usher begins to close: what is claimed and not begun is left to other replicas. */
  readonly closing: AbortSignal;
  readonly log: OutageLogDeps['log'];
}

/** The result for a user's connections. `pending`: Usher tries again; `notEnded`: it does not, with the reason. */
export type EndOutcome = 'ended' | 'pending' | { readonly notEnded: string };

/** One claimed user; `outcome` never rejects. */
export interface Ending {
  readonly user: AppUser;
  readonly outcome: Promise<EndOutcome>;
}

/** Ends the connections of all claimed users, and never rejects. */
export type EndConnections = (claim: TerminationLease) => readonly Ending[];

/** The reason for apps with `PUSHER_TERMINATE=off`. */
export const switchedOff = 'PUSHER_TERMINATE is off';

/** How many users are ended at once. */
const shardCount = 8;

/** The one place where connections at a Pusher server are ended: of one user never twice at once, of all a few at once. */
export function createEndConnections(deps: EndConnectionsDeps): EndConnections {
  const shards = Array.from({ length: shardCount }, () => Promise.resolve<EndOutcome>('pending'));
  const servers = createOutageLog({
    log: deps.log,
    messages: {
      failed: 'the Pusher server did not end a user’s connections; logged once until it does',
      succeeded: 'the Pusher server ends connections again',
    },
  });
  const store = createOutageLog({
    log: deps.log,
    messages: {
      failed: 'the ledger of live grants could not be updated; logged once until it can',
      succeeded: 'the ledger of live grants can be updated again',
    },
  });
  return ({ users, leaseUntil }) =>
    users.map((user) => {
      // All endings of one user are in one shard, and in a shard they come one after the other.
      const shard = shardOf(user);
      const before = shards[shard] ?? Promise.resolve();
      const outcome = before.then(async (): Promise<EndOutcome> => {
        try {
          const ended = await endUser(user, leaseUntil, { ...deps, servers });
          store.succeeded('database');
          return ended;
        } catch (error) {
          store.failed('database', { why: reasonOf(error) });
          return 'pending';
        }
      });
      shards[shard] = outcome;
      return { user, outcome };
    });
}

function shardOf({ appKey, userId }: AppUser): number {
  return Buffer.from(appKey + userId).reduce((sum, byte) => sum + byte, 0) % shardCount;
}

/** Throws `Unavailable` when the ledger could not be asked. */
async function endUser(
  user: AppUser,
  leaseUntil: number,
  deps: EndConnectionsDeps & { readonly servers: OutageLog },
): Promise<EndOutcome> {
  const { liveGrants, now, closing } = deps;
  // Another replica may have claimed the user by now.
  if (closing.aborted || now() >= leaseUntil) return 'pending';
  const policy = deps.policyOf(user.appKey);
  if (policy !== 'retried') {
    // Removed before the request: if this process exited in between, another one would repeat the request.
    if (!(await liveGrants.remove(user, leaseUntil))) return 'pending';
    if (policy === 'never') return { notEnded: switchedOff };
  }
  const fault = await sendTerminate(user, deps);
  if (fault !== undefined && policy === 'once') return { notEnded: fault };
  if (fault !== undefined) {
    const isDueAgain = await liveGrants.postpone(user, { now: now(), leaseUntil });
    return isDueAgain ? 'pending' : { notEnded: fault };
  }
  if (policy === 'retried') await liveGrants.settle(user, { now: now(), leaseUntil });
  return 'ended';
}

/** Sends the request to the server; resolves to the reason of a failure, or to `undefined` on success. */
async function sendTerminate(
  user: AppUser,
  { terminate, servers }: Pick<EndConnectionsDeps, 'terminate'> & { readonly servers: OutageLog },
): Promise<string | undefined> {
  try {
    await terminate(user);
    servers.succeeded(user.appKey);
    return undefined;
  } catch (error) {
    const why = reasonOf(error);
    servers.failed(user.appKey, { userId: user.userId, why });
    return why;
  }
}
