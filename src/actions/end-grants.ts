import type { AppUser, Claim, LiveGrants } from '../core/live-grant.ts';

/** Whom this action asks. */
export interface EndGrantsPorts {
  /** Ends all connections of a user; throws `Unavailable`. */
  readonly terminate: (user: AppUser) => Promise<void>;
  readonly liveGrants: Pick<LiveGrants, 'settle'>;
  readonly now: () => number;
  /** Aborted when Usher begins to close: what is claimed and not begun is left to others. */
  readonly closing: AbortSignal;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** One claimed user; `ended` resolves to false when that did not succeed, and then it is tried again after the lease. */
export interface Ending {
  readonly user: AppUser;
  readonly ended: Promise<boolean>;
}

/** Ends the connections of all claimed users, and never rejects. */
export type EndGrants = (claim: Claim) => readonly Ending[];

/** How many users are ended at once. */
const laneCount = 8;

/** The one place where connections at a Pusher server are ended: of one user never twice at once, of all a few at once. */
export function createEndGrants(ports: EndGrantsPorts): EndGrants {
  const lanes = Array.from({ length: laneCount }, () => Promise.resolve(true));
  return ({ users, leaseUntil }) =>
    users.map((user) => {
      // Each user has a lane of their own choosing, and in a lane they come one after the other.
      const lane = laneOf(user);
      const before = lanes[lane] ?? Promise.resolve(true);
      const ended = before.then(() => endUser(user, leaseUntil, ports));
      lanes[lane] = ended;
      return { user, ended };
    });
}

function laneOf({ appKey, userId }: AppUser): number {
  return Buffer.from(appKey + userId).reduce((sum, byte) => sum + byte, 0) % laneCount;
}

async function endUser(
  user: AppUser,
  leaseUntil: number,
  { terminate, liveGrants, now, closing, log }: EndGrantsPorts,
): Promise<boolean> {
  // Another replica may be at it by now.
  if (closing.aborted || now() >= leaseUntil) return false;
  try {
    await terminate(user);
    await liveGrants.settle(user, { now: now(), leaseUntil });
    return true;
  } catch (error) {
    log.warn({ err: error, user: user.userId, appKey: user.appKey }, 'connections were not ended');
    return false;
  }
}
