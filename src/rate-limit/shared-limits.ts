import { Unavailable } from '../runtime/unavailable.ts';
import type { Limits } from './limits.ts';

/** Limits that replicas keep together while they can, and each by itself while they cannot. */
export interface SharedLimits extends Limits {
  /** Whether this replica counts by itself at the moment. */
  readonly isLocal: () => boolean;
  /** Looks whether the shared account answers now, and goes by that. */
  readonly probe: () => Promise<void>;
}

/** What shared limits are made of. */
export interface SharedLimitsDeps {
  readonly shared: Limits;
  readonly local: Limits;
  /** Resolves when the shared account works; throws `Unavailable` otherwise. */
  readonly probeShared: () => Promise<void>;
  readonly now: () => number;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Milliseconds between two looks at an account that did not answer. */
const probeIntervalMs = 1_000;

/**
 * Creates limits that outlive an outage: to refuse everybody would make it everybody's, to count nothing would open the door.
 * While there is an outage nobody waits for its end: the next look goes on beside the claims, and only one at a time.
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

/** The error of Redis, such as `OOM` or `READONLY`; `docs/limits.md` explains each. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : 'unknown';
}
