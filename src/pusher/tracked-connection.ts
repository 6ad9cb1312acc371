import type { Grant, SignInGrant } from '../policy/decision.ts';
import type { Principal } from '../policy/principal.ts';
import type { PusherDialect } from './pusher-app.ts';

/** A user of one Pusher app, whose connections its server can be told to end. */
export interface AppUser {
  /** The key of the app. */
  readonly appKey: string;
  readonly userId: string;
}

/** A connection that somebody was granted something on. */
export interface AuthorizedConnection {
  readonly appKey: string;
  readonly socketId: string;
  readonly principal: Principal;
}

/** A grant whose connection can be ended: the server knows it as this user's. */
export interface TrackedConnection extends AuthorizedConnection, AppUser {
  /** Milliseconds since the epoch. */
  readonly grantedAt: number;
}

/** Users whose connections are to be ended; until the lease is over (milliseconds since the epoch) nobody else does it. */
export interface TerminationLease {
  readonly users: readonly AppUser[];
  readonly leaseUntil: number;
}

/** The ledger of live grants, durable and shared by all replicas. All methods throw `Unavailable`. */
export interface TrackedConnections {
  /** Keeps a grant; one of an earlier credential on the same socket ends with the later one from now on. */
  readonly track: (grant: TrackedConnection) => Promise<void>;
  /** Moves the end of the grants of this principal on this socket, if its credential now ends later. */
  readonly extend: (socket: AuthorizedConnection) => Promise<void>;
  /** Takes some of what is due at this moment, which no other replica then takes before the lease is over. */
  readonly leaseDue: (times: {
    readonly now: number;
    readonly leaseUntil: number;
  }) => Promise<TerminationLease>;
  /**
   * Notes that a claimed user's connections were ended at this moment: the grants are gone, but for those that moved
   * meanwhile, and for young ones, which are due once more (`settlingTime`).
   */
  readonly settle: (
    user: AppUser,
    at: { readonly now: number; readonly leaseUntil: number },
  ) => Promise<void>;
  /**
   * Removes the grants of a claimed user before the server is asked, so that it is never asked again. False when the
   * claim no longer holds: the grants have moved, or another claim has them.
   */
  readonly remove: (user: AppUser, leaseUntil: number) => Promise<boolean>;
  /**
   * Notes that a claimed user's connections could not be ended at this moment: they are due again after a pause that
   * doubles with each attempt (`firstPause` to `longestPause`). False after the last attempt (`mostAttempts`): the grants are gone.
   */
  readonly postpone: (
    user: AppUser,
    at: { readonly now: number; readonly leaseUntil: number },
  ) => Promise<boolean>;
  /** Removes what could not be ended for a day after its credential did, and says how many those were. */
  readonly deleteExpired: (now: number) => Promise<number>;
}

/**
 * How long a client may take, in milliseconds, to use a signature that it was given. Whoever is ended earlier than that
 * after the grant is ended once more when it has passed, because the signature may have been used in between.
 */
export const settlingTimeMs = 10_000;

/** Milliseconds from a failed attempt to end a user's connections to the next one: after the first, and at most. */
export const firstRetryMs = 15_000;
export const maxRetryMs = 15 * 60_000;

/** Attempts to end a user's connections, which take about a day. */
export const maxAttempts = 100;

/** As whom the server can end the connection of this grant; `undefined` where it cannot. */
export function terminableUserId(
  dialect: PusherDialect,
  grant: Grant | SignInGrant,
): string | undefined {
  // Reverb has no sign-in, and finds a user among the members of presence channels only.
  if (grant.action === 'sign-in') return dialect === 'reverb' ? undefined : grant.member.user_id;
  const isMember = dialect === 'reverb' && grant.channel.form === 'presence';
  return isMember ? grant.member?.user_id : undefined;
}
