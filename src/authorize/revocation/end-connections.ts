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

interface EndConnectionsDeps {
  /** Terminates all connections of a user. Throws `Unavailable`. */
  readonly terminate: (user: AppUser) => Promise<void>;
  /** Whether and how often Usher may send the request to the server of this app. */
  readonly policyOf: (appKey: string) => TerminatePolicy;
  readonly trackedConnections: Pick<TrackedConnections, 'settle' | 'remove' | 'postpone'>;
  readonly now: () => number;
  /** Aborted when Usher begins to close: other replicas terminate the remaining leased connections. */
  readonly closing: AbortSignal;
  readonly log: OutageLogDeps['log'];
}

/** The result for a user's connections. `pending`: Usher tries again; `notEnded`: it does not, with the reason. */
export type EndOutcome = 'ended' | 'pending' | { readonly notEnded: string };

/** The termination of the connections of one leased user; `outcome` never rejects. */
export interface Ending {
  readonly user: AppUser;
  readonly outcome: Promise<EndOutcome>;
}

/** Terminates the connections of all leased users. */
export type EndConnections = (lease: TerminationLease) => readonly Ending[];

/** The reason for apps with `PUSHER_TERMINATE=off`. */
export const switchedOff = 'PUSHER_TERMINATE is off';

/** The number of concurrent terminations. */
const shardCount = 8;

/** Only here are connections at a Pusher server terminated: one request per user at a time, and a few users concurrently. */
export function createEndConnections(deps: EndConnectionsDeps): EndConnections {
  const shards = Array.from({ length: shardCount }, () => Promise.resolve<EndOutcome>('pending'));
  const servers = createOutageLog({
    log: deps.log,
    messages: {
      failed:
        'the Pusher server did not terminate the connections of a user; logged once until it does',
      succeeded: 'the Pusher server terminates connections again',
    },
  });
  const store = createOutageLog({
    log: deps.log,
    messages: {
      failed: 'tracked connections could not be updated; logged once until it succeeds',
      succeeded: 'tracked connections can be updated again',
    },
  });
  return ({ users, leaseUntil }) =>
    users.map((user) => {
      // All terminations of one user are in one shard, which runs them one after the other.
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

/** Throws `Unavailable` if the tracked connections cannot be updated. */
async function endUser(
  user: AppUser,
  leaseUntil: number,
  deps: EndConnectionsDeps & { readonly servers: OutageLog },
): Promise<EndOutcome> {
  const { trackedConnections, now, closing } = deps;
  // After the lease another replica may have leased the user.
  if (closing.aborted || now() >= leaseUntil) return 'pending';
  const policy = deps.policyOf(user.appKey);
  if (policy !== 'retried') {
    // Removed before the request: otherwise, if this process exited in between, another one would repeat the request.
    if (!(await trackedConnections.remove(user, leaseUntil))) return 'pending';
    if (policy === 'never') return { notEnded: switchedOff };
  }
  const fault = await sendTerminate(user, deps);
  if (fault !== undefined && policy === 'once') return { notEnded: fault };
  if (fault !== undefined) {
    const isDueAgain = await trackedConnections.postpone(user, { now: now(), leaseUntil });
    return isDueAgain ? 'pending' : { notEnded: fault };
  }
  if (policy === 'retried') await trackedConnections.settle(user, { now: now(), leaseUntil });
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
