import type { Origin, SecurityEvent } from '../audit/audit-event.ts';

/** What is limited, each by how often it happens. */
export type LimitName =
  'authorizations' | 'connections' | 'failures' | 'guest-sessions' | 'messages' | 'subscriptions';

/** One of a rate: so many at once, and from then on as many a minute. */
export interface LimitRequest {
  readonly limit: LimitName;
  /** Whose it is. */
  readonly key: string;
  /** The part of the owner's requests that has its own rate, such as a connection. */
  readonly part?: string;
  readonly perMinute: number;
  /** How long the claimant would rather wait than be refused, in milliseconds; not at all by default. */
  readonly maxWaitMs?: number;
  /** What it is taken for, such as a channel: for the same thing again within a minute nothing is taken. */
  readonly dedupeKey?: string;
}

/** What became of several claims: all are met after a wait, of 0 ms as a rule; or none is, because of one. */
export type LimitResult =
  { readonly waitMs: number } | { readonly exceeded: LimitName; readonly retryAfterMs: number };

/** Keeps account of what is limited. Both methods throw `Unavailable`. */
export interface Limits {
  /**
   * Takes all of these or nothing, in one step. All have the same `key`: only then are they on one node of a Redis Cluster.
   * A caller that must wait has a reserved turn, and need not call again.
   */
  readonly consume: (requests: readonly LimitRequest[]) => Promise<LimitResult>;
  /** Gives one of a rate back, as if it had not been taken; not one with a `thing`. */
  readonly refund: (request: LimitRequest) => Promise<void>;
}

/** The rates of one process, told at once; times in milliseconds since the epoch. */
export interface LocalRateLimiter {
  /** How long this claim would have to wait, in milliseconds. */
  readonly waitMsFor: (request: LimitRequest, now: number) => number;
  readonly consume: (request: LimitRequest, now: number) => void;
  readonly refund: (request: LimitRequest, now: number) => void;
  /** Lets the next claim of this key wait so many milliseconds. */
  readonly delay: (request: LimitRequest, now: number, waitMs: number) => void;
}

export const minuteMs = 60_000;

/** Milliseconds that one claim of a rate takes up. */
export function intervalMs({ perMinute }: LimitRequest): number {
  return minuteMs / perMinute;
}

/** Reports that a limit was exceeded: counted each time, recorded once a minute and key, or a flood would fill the table. */
export type ReportLimitExceeded = (
  limit: LimitName,
  key: string,
  about: Pick<SecurityEvent, 'tenantId' | 'principalId'> & { readonly origin: Origin },
) => Promise<void>;
