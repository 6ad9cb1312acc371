import { Unavailable } from '../runtime/unavailable.ts';
import type { Limits } from './limits.ts';

/** Limits that replicas share while Redis is reachable. During an outage each replica uses its local limits. */
export interface SharedLimits extends Limits {
  /** Returns true while this replica uses its local limits. */
  readonly isLocal: () => boolean;
  /** Probes the shared limits now, and switches to them or to the local limits. */
  readonly probe: () => Promise<void>;
}

export interface SharedLimitsDeps {
  readonly shared: Limits;
  readonly local: Limits;
  /** Resolves if the shared limits work; throws `Unavailable` otherwise. */
  readonly probeShared: () => Promise<void>;
  readonly now: () => number;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Milliseconds between two probes during an outage. */
const probeIntervalMs = 1_000;

/**
 * Creates limits that work during an outage. Without local limits Usher would have to refuse all requests, or to allow
 * unlimited ones. During an outage no request waits: the next probe runs concurrently with the requests, one at a time.
 */
export function createSharedLimits(deps: SharedLimitsDeps): SharedLimits {
  const { shared, local, probeShared, now, log } = deps;
  let isLocal = false;
  let probedAt = 0;
  const useLocal = (error: unknown): void => {
    if (!isLocal) log.warn({ reason: reasonOf(error) }, 'limits are counted by this replica alone');
    isLocal = true;
  };
  const useShared = (): void => {
    if (isLocal) log.warn({}, 'limits are shared again');
    isLocal = false;
  };
  let probing: Promise<void> | undefined;
  const probe = (): Promise<void> => {
    probing ??= probeShared()
      .then(useShared, useLocal)
      .then(() => {
        probedAt = now();
        probing = undefined;
      });
    return probing;
  };
  const withFallback = async <T>(operation: (limits: Limits) => Promise<T>): Promise<T> => {
    if (isLocal) {
      if (now() - probedAt >= probeIntervalMs) void probe();
      return operation(local);
    }
    try {
      return await operation(shared);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      probedAt = now();
      useLocal(error);
      return operation(local);
    }
  };
  return {
    consume: (requests) => withFallback((limits) => limits.consume(requests)),
    refund: (request) => withFallback((limits) => limits.refund(request)),
    isLocal: () => isLocal,
    probe,
  };
}

/** Returns the error code of Redis, such as `OOM` or `READONLY`; `docs/limits.md` explains each. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : 'unknown';
}
