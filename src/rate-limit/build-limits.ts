import type { Redis } from '../redis/client.ts';
import { createMemoryLimits } from './memory-limits.ts';
import { createRedisLimits } from './redis-limits.ts';
import { createSharedLimits, type SharedLimits, type SharedLimitsDeps } from './shared-limits.ts';
import type { Limits } from './limits.ts';
import { withSpan } from '../observability/tracing/span.ts';

/** The limits. `shared` is the same object if replicas share their limits in Redis. */
export interface BuiltLimits {
  readonly limits: Limits;
  readonly shared: SharedLimits | undefined;
}

/** Builds the limits: of this process only, or shared by all replicas while Redis is reachable. */
export function buildLimits(
  redis: Redis | undefined,
  { now, log }: Pick<SharedLimitsDeps, 'now' | 'log'>,
): BuiltLimits {
  const local = createMemoryLimits(now);
  if (redis === undefined) return { limits: withSpans(local), shared: undefined };
  const inRedis = createRedisLimits(redis, now);
  const shared = createSharedLimits({
    shared: inRedis,
    local,
    probeShared: inRedis.probe,
    now,
    log,
  });
  return { limits: withSpans(shared), shared };
}

function withSpans(limits: Limits): Limits {
  return { ...limits, consume: (claims) => withSpan('limits', () => limits.consume(claims)) };
}
