import type { Grant, SignInGrant } from '../policy/decision.ts';
import type { Principal } from '../policy/principal.ts';
import { dialectRules, type PusherDialect } from './dialects.ts';

/** A user of one Pusher app, as the Pusher server identifies it. */
export interface AppUser {
  readonly appKey: string;
  readonly userId: string;
}

/** A connection with at least one grant. */
interface AuthorizedConnection {
  readonly appKey: string;
  readonly socketId: string;
  readonly principal: Principal;
}

/** A grant whose connection can be terminated by the user's id. */
interface TrackedConnection extends AuthorizedConnection, AppUser {
  /** Milliseconds since the epoch. */
  readonly grantedAt: number;
}

/** Users whose connections must be terminated. Until the lease ends (milliseconds since the epoch), no other replica does it. */
export interface TerminationLease {
  readonly users: readonly AppUser[];
  readonly leaseUntil: number;
}

/** The tracked connections, durable and shared by all replicas. All methods throw `Unavailable`. */
export interface TrackedConnections {
  /** Tracks a grant. A grant of an earlier credential on the same socket gets the later expiry. */
  readonly track: (grant: TrackedConnection) => Promise<void>;
  /** Extends the grants of this principal on this socket if its credential expires later. */
  readonly extend: (socket: AuthorizedConnection) => Promise<void>;
  /** Leases some of the due connections. No other replica leases them before the lease ends. */
  readonly leaseDue: (times: {
    readonly now: number;
    readonly leaseUntil: number;
  }) => Promise<TerminationLease>;
  /**
   * Deletes the grants of a leased user after the termination. Extended grants stay; recent ones become due once more
   * (`settlingTimeMs`).
   */
  readonly settle: (
    user: AppUser,
    at: { readonly now: number; readonly leaseUntil: number },
  ) => Promise<void>;
  /**
   * Deletes the grants of a leased user before the termination, so that it is requested only once. False if the lease is
   * no longer valid: the grants were extended, or another replica has leased them.
   */
  readonly remove: (user: AppUser, leaseUntil: number) => Promise<boolean>;
  /**
   * Schedules the next attempt after a failed termination, with exponential delays (`firstRetryMs` to `maxRetryMs`).
   * False after the last attempt (`maxAttempts`), which deletes the grants.
   */
  readonly postpone: (
    user: AppUser,
    at: { readonly now: number; readonly leaseUntil: number },
  ) => Promise<boolean>;
  /** Deletes grants that expired more than a day ago; resolves to their number. */
  readonly deleteExpired: (now: number) => Promise<number>;
}

/**
 * The time that a client may take to use a signature. A connection that is terminated earlier after its grant is
 * terminated once more, since the client may have used the signature in the meantime.
 */
export const settlingTimeMs = 10_000;

/** The delay after the first failed termination, and the maximum. */
export const firstRetryMs = 15_000;
export const maxRetryMs = 15 * 60_000;

/** All attempts together take about a day. */
export const maxAttempts = 100;

/** The user id by which the server can terminate the connection of this grant; `undefined` if it cannot. */
export function terminableUserId(
  dialect: PusherDialect,
  grant: Grant | SignInGrant,
): string | undefined {
  const { hasSignIn } = dialectRules(dialect);
  if (grant.action === 'sign-in') return hasSignIn ? grant.member.user_id : undefined;
  // A server without sign-in finds users only among the members of presence channels.
  const isMember = !hasSignIn && grant.channel.form === 'presence';
  return isMember ? grant.member?.user_id : undefined;
}
