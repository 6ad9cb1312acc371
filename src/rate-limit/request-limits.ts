import {
  normalizeIP,
  type FastifyRateLimitStore,
  type FastifyRateLimitStoreCtor,
} from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CountRefusal } from './refusals.ts';
import type { Limits, ReportLimitExceeded } from './limits.ts';
import { originOf } from '../http/input/auth-request.ts';
import { RequestProblem, retryAfter } from '../http/output/problem.ts';
import type { Refund, ConnectionRateLimiter } from './connection-rate-limiter.ts';

/** Counts a refused request. Throws a 429 if its address has exceeded the limit. */
export type CountFailure = (request: FastifyRequest) => Promise<void>;

/** IPv6 addresses are limited by /64 prefix, which one host usually owns. */
const ipv6Subnet = 64;

/** Returns the rate limit key of an address. */
export function addressKey(address: string): string {
  return normalizeIP(address, ipv6Subnet);
}

/** Rounds up to whole seconds, for `Retry-After`. */
export function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/**
 * Creates the limit of refused requests per minute and address. Only refusals count: people in one building share one
 * address, and a client never retries after a 429.
 */
export function createFailureLimit(countRefusal: CountRefusal): CountFailure {
  return async (request) => {
    const wait = await countRefusal(originOf(request));
    if (wait === undefined) return;
    throw new RequestProblem(429, 'Too many refused requests', retryAfter(wholeSeconds(wait)));
  };
}

/** Counts the start of a guest session. Throws a 429 if its address has exceeded the limit. */
export type CountGuestSession = (request: FastifyRequest) => Promise<void>;

/** Creates the limit of guest sessions per minute and address, independent of refused requests. */
export function createGuestSessionLimit(
  server: FastifyInstance,
  most: number,
  reportLimitExceeded: ReportLimitExceeded,
): CountGuestSession {
  const count = server.createRateLimit({ max: most, ipv6Subnet });
  return async (request) => {
    const result = await count(request);
    if (!result.isAllowed && result.isExceeded) {
      await reportLimitExceeded('guest-sessions', result.key, { origin: originOf(request) });
      throw new RequestProblem(429, 'Too many guest sessions', retryAfter(result.ttlInSeconds));
    }
  };
}

/** Wraps a counter for requests that get another response than a 429. */
export function withoutReply(countFailure: CountFailure): CountFailure {
  return async (request) => {
    try {
      await countFailure(request);
    } catch (error) {
      if (!(error instanceof RequestProblem)) throw error;
    }
  };
}

/** Counts a connection attempt and resolves to its refund. Throws a 429 if the limit is exceeded. */
export type CountConnection = (request: FastifyRequest) => Promise<Refund>;

/** Creates the limit of connection attempts per minute and address. */
export function createConnectionLimit(
  limiter: ConnectionRateLimiter,
  reportLimitExceeded: ReportLimitExceeded,
): CountConnection {
  return async (request) => {
    const address = addressKey(request.ip);
    const attempt = await limiter(address);
    if ('refund' in attempt) return attempt.refund;
    await reportLimitExceeded('connections', address, { origin: originOf(request) });
    const seconds = wholeSeconds(attempt.retryAfterMs);
    throw new RequestProblem(429, 'Too many connection attempts', retryAfter(seconds));
  };
}

/**
 * Creates the store of `@fastify/rate-limit` for guest sessions. It uses the same limits as all others, so replicas
 * share them.
 */
export function createRateLimitStore(limits: Pick<Limits, 'consume'>): FastifyRateLimitStoreCtor {
  return class RateLimitStore implements FastifyRateLimitStore {
    incr(...[key, done, , max]: Parameters<FastifyRateLimitStore['incr']>): void {
      limits.consume([{ limit: 'guest-sessions', key, perMinute: max }]).then(
        (taken) => {
          const [current, ttl] = 'exceeded' in taken ? [max + 1, taken.retryAfterMs] : [0, 0];
          done(null, { current, ttl });
        },
        (error: unknown) => {
          done(error as Error);
        },
      );
    }

    child(): this {
      return this;
    }
  };
}
