import type { Origin, SignalEvent } from './audit-event.ts';

/** What is limited by how often it happens. */
export type RateName = 'authorizations' | 'connections' | 'failures' | 'messages';

export type LimitName = RateName | 'subscriptions';

/** One of a rate: so many at once, and from then on as many a minute. */
export interface RateClaim {
  readonly limit: RateName;
  /** Whose it is. */
  readonly key: string;
  readonly perMinute: number;
  /** How long the claimant would rather wait than be refused, in milliseconds; not at all by default. */
  readonly patience?: number;
}

/** One of a number of different things, such as the channels of a connection; the same thing again takes nothing. */
export interface PlaceClaim {
  readonly limit: 'subscriptions';
  /** Whose it is. */
  readonly key: string;
  readonly most: number;
  readonly thing: string;
}

export type Claim = RateClaim | PlaceClaim;

/** What became of several claims: all are met after a wait, of 0 ms as a rule; or none is, because of one. */
export type Taken =
  { readonly waitMs: number } | { readonly excess: LimitName; readonly retryAfterMs: number };

/** Keeps account of what is limited. Both methods throw `Unavailable`. */
export interface Limits {
  /** Takes all of these or nothing, in one step. Whoever is to wait has a turn of their own, and need not ask again. */
  readonly take: (claims: readonly Claim[]) => Promise<Taken>;
  /** Gives one of a rate back, as if it had not been taken. */
  readonly giveBack: (claim: RateClaim) => Promise<void>;
}

/** The rates of one process, told at once; times in milliseconds since the epoch. */
export interface LocalRates {
  /** How long this claim would have to wait, in milliseconds. */
  readonly waitOf: (claim: RateClaim, time: number) => number;
  readonly take: (claim: RateClaim, time: number) => void;
  readonly giveBack: (claim: RateClaim, time: number) => void;
  /** Lets the next claim of this key wait so many milliseconds. */
  readonly hold: (claim: RateClaim, time: number, wait: number) => void;
}

export const minute = 60_000;

/** How long the things of a key are remembered after the last one was taken, in milliseconds: no connection is longer. */
export const placesLife = 24 * 60 * 60 * 1000;

/** A place is not freed by waiting; whoever asks again all the same shall not do so more often than this, in milliseconds. */
export const placesRetry = minute;

/** Milliseconds that one claim of a rate takes up. */
export function intervalOf({ perMinute }: RateClaim): number {
  return minute / perMinute;
}

/** Tells that somebody went beyond a limit: counted each time, recorded once a minute and key, or a flood would fill the table. */
export type ReportExcess = (
  limit: LimitName,
  key: string,
  about: Pick<SignalEvent, 'tenantId' | 'principalId'> & { readonly origin: Origin },
) => Promise<void>;
