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

/** Counts a refused request; throws a 429 once its address has had too many. */
export type CountFailure = (request: FastifyRequest) => Promise<void>;

/** IPv6 counts by /64, which one host usually holds whole. */
const ipv6Subnet = 64;

/** What an address counts as. */
export function addressKey(address: string): string {
  return normalizeIP(address, ipv6Subnet);
}

/** `Retry-After` speaks of whole seconds. */
export function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/**
 * Creates the limit of refused requests a minute and address.
 * Only refusals count: a hotel's guests share one address, and a client never retries after a 429.
 */
export function createFailureLimit(countRefusal: CountRefusal): CountFailure {
  return async (request) => {
    const wait = await countRefusal(originOf(request));
    if (wait === undefined) return;
    throw new RequestProblem(429, 'Too many refused requests', retryAfter(wholeSeconds(wait)));
  };
}

/** Counts a guest session that is started; throws a 429 once its address has had too many. */
export type CountGuestSession = (request: FastifyRequest) => Promise<void>;

/** Creates the limit of guest sessions a minute and address; it has nothing to do with refused requests. */
export function createGuestSessionLimit(
  server: FastifyInstance,
  most: number,
  reportExcess: ReportLimitExceeded,
): CountGuestSession {
  const count = server.createRateLimit({ max: most, ipv6Subnet });
  return async (request) => {
    const result = await count(request);
    if (!result.isAllowed && result.isExceeded) {
      await reportExcess('guest-sessions', result.key, { origin: originOf(request) });
      throw new RequestProblem(429, 'Too many guest sessions', retryAfter(result.ttlInSeconds));
    }
  };
}

/** Makes the same count for who is answered otherwise than by a 429. */
export function withoutReply(countFailure: CountFailure): CountFailure {
  return async (request) => {
    try {
      await countFailure(request);
    } catch (error) {
      if (!(error instanceof RequestProblem)) throw error;
    }
  };
}

/** Counts a request that wants to become a connection, and gives what gives it back; throws a 429 when there are too many. */
export type CountConnection = (request: FastifyRequest) => Promise<Refund>;

/** Creates the limit of connection attempts a minute and address. */
export function createConnectionLimit(
  limiter: ConnectionRateLimiter,
  reportExcess: ReportLimitExceeded,
): CountConnection {
  return async (request) => {
    const address = addressKey(request.ip);
    const attempt = await limiter(address);
    if ('refund' in attempt) return attempt.refund;
    await reportExcess('connections', address, { origin: originOf(request) });
    const seconds = wholeSeconds(attempt.retryAfterMs);
    throw new RequestProblem(429, 'Too many connection attempts', retryAfter(seconds));
  };
}

/** Makes the store in which `@fastify/rate-limit` counts guest sessions: with all other limits, replicas together. */
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
