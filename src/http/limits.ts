import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RecordSignal } from '../core/audit-event.ts';
import { originOf } from './asker.ts';
import { RequestProblem } from './problem.ts';

/** Counts a refused request; throws a 429 once its address has had too many. */
export type CountFailure = (request: FastifyRequest) => Promise<void>;

/**
 * Creates the limit of refused requests a minute and address (IPv6: a /64, which one host usually holds whole).
 * Only refusals count: a hotel's guests share one address, and a client never retries after a 429.
 */
export function createFailureLimit(
  server: FastifyInstance,
  most: number,
  recordSignal: RecordSignal,
): CountFailure {
  const count = server.createRateLimit({ max: most, timeWindow: 60_000, ipv6Subnet: 64 });
  return async (request) => {
    const result = await count(request);
    if (!result.isAllowed && result.isExceeded) {
      await recordSignal('limit-exceeded', { origin: originOf(request) });
      throw new RequestProblem(429, 'Too many refused requests', result.ttlInSeconds);
    }
  };
}
