import type { Redis } from '../redis/client.ts';
import { createRedisLimits } from './redis-limits.ts';
import { createSharedLimits, type SharedLimits, type SharedLimitsDeps } from './shared-limits.ts';
import type { Limits } from './limits.ts';
import { withSpan } from '../observability/tracing/span.ts';

/** The limits. `shared` is the same object if replicas share their limits in Redis. */
export interface BuiltLimits {
  readonly limits: Limits;
  readonly shared: SharedLimits | undefined;
}

/** Builds the limits: local ones, or limits that all replicas share while Redis is reachable. */
export function buildLimits(
  redis: Redis | undefined,
  { local, now, log }: Pick<SharedLimitsDeps, 'local' | 'now' | 'log'>,
): BuiltLimits {
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
