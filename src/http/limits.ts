import {
  normalizeIP,
  type FastifyRateLimitStore,
  type FastifyRateLimitStoreCtor,
} from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Limits, ReportExcess } from '../core/limits.ts';
import { originOf } from './asker.ts';
import { RequestProblem } from './problem.ts';
import type { GiveBack, Turnstile } from './turnstile.ts';

/** Counts a refused request; throws a 429 once its address has had too many. */
export type CountFailure = (request: FastifyRequest) => Promise<void>;

/** IPv6 counts by /64, which one host usually holds whole. */
const ipv6Subnet = 64;

/** Whom a request counts for, where it counts by address. */
function addressOf(request: FastifyRequest): string {
  return normalizeIP(request.ip, ipv6Subnet);
}

/** `Retry-After` speaks of whole seconds. */
export function wholeSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/**
 * Creates the limit of refused requests a minute and address.
 * Only refusals count: a hotel's guests share one address, and a client never retries after a 429.
 */
export function createFailureLimit(
  server: FastifyInstance,
  most: number,
  reportExcess: ReportExcess,
): CountFailure {
  const count = server.createRateLimit({ max: most, ipv6Subnet });
  return async (request) => {
    const result = await count(request);
    if (!result.isAllowed && result.isExceeded) {
      await reportExcess('failures', result.key, { origin: originOf(request) });
      throw new RequestProblem(429, 'Too many refused requests', result.ttlInSeconds);
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
export type CountConnection = (request: FastifyRequest) => Promise<GiveBack>;

/** Creates the limit of connection attempts a minute and address. */
export function createConnectionLimit(
  turnstile: Turnstile,
  reportExcess: ReportExcess,
): CountConnection {
  return async (request) => {
    const address = addressOf(request);
    const attempt = await turnstile(address);
    if ('giveBack' in attempt) return attempt.giveBack;
    await reportExcess('connections', address, { origin: originOf(request) });
    const retryAfter = wholeSeconds(attempt.retryAfterMs);
    throw new RequestProblem(429, 'Too many connection attempts', retryAfter);
  };
}

/** Makes the store in which `@fastify/rate-limit` counts: the limits that everything else is counted in, replicas together. */
export function createRateLimitStore(limits: Pick<Limits, 'take'>): FastifyRateLimitStoreCtor {
  return class RateLimitStore implements FastifyRateLimitStore {
    incr(...[key, done, , max]: Parameters<FastifyRateLimitStore['incr']>): void {
      limits.take([{ limit: 'failures', key, perMinute: max }]).then(
        (taken) => {
          const [current, ttl] = 'excess' in taken ? [max + 1, taken.retryAfterMs] : [0, 0];
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
