import type { Logger } from 'pino';
import type { Storage } from './storage.ts';
import { createMemoryLimits } from '../rate-limit/memory-limits.ts';
import { createRedisLimits } from '../rate-limit/redis-limits.ts';
import { createSharedLimits, type SharedLimits } from '../rate-limit/shared-limits.ts';
import type { Limits } from '../rate-limit/limits.ts';
import { withSpan } from '../observability/tracing/span.ts';

/** Where limits are counted; `shared` is the same once more, where replicas count together. */
export interface BuiltLimits {
  readonly limits: Limits;
  readonly shared: SharedLimits | undefined;
}

/** Builds what counts: this process by itself, or all replicas together while Redis is there. */
export function buildLimits(
  { redis }: Storage,
  { now, log }: { readonly now: () => number; readonly log: Logger },
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
