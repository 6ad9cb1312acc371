import type { Origin, SecurityEvent } from '../audit/audit-event.ts';

/** The names of the rate limits. */
export type LimitName =
  'authorizations' | 'connections' | 'failures' | 'guest-sessions' | 'messages' | 'subscriptions';

/** A request for one unit of a rate. The rate allows a burst of `perMinute`, and then `perMinute` per minute. */
export interface LimitRequest {
  readonly limit: LimitName;
  /** The owner of the rate. */
  readonly key: string;
  /** A part of the owner that has its own rate, such as a connection. */
  readonly part?: string;
  readonly perMinute: number;
  /** Maximum delay in milliseconds before the request is refused; 0 by default. */
  readonly maxWaitMs?: number;
  /** Deduplicates requests, for example by channel: requests with the same key within a minute consume one unit. */
  readonly dedupeKey?: string;
}

/**
 * The result of several limit requests: all are allowed after a delay, usually 0 ms, or none is, because one limit is
 * exceeded.
 */
export type LimitResult =
  { readonly waitMs: number } | { readonly exceeded: LimitName; readonly retryAfterMs: number };

/** The rate limits. Both methods throw `Unavailable`. */
export interface Limits {
  /**
   * Consumes all of these requests or none, in one step. All must have the same `key`, so that they are on one node of
   * a Redis Cluster. A delayed caller has consumed its units and must not call again.
   */
  readonly consume: (requests: readonly LimitRequest[]) => Promise<LimitResult>;
  /** Refunds one unit, as if it had not been consumed. Not for a request with a `dedupeKey`. */
  readonly refund: (request: LimitRequest) => Promise<void>;
}

/**
 * Reports an exceeded limit. Each one is counted, but only one per minute and key is written: otherwise a flood would
 * fill the table.
 */
export type ReportLimitExceeded = (
  limit: LimitName,
  key: string,
  about: Pick<SecurityEvent, 'tenantId' | 'principalId'> & { readonly origin: Origin },
) => Promise<void>;
