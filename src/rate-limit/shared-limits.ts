import { Unavailable } from '../runtime/unavailable.ts';
import type { Limits } from './limits.ts';

/** Limits that replicas keep together while they can, and each by itself while they cannot. */
export interface SharedLimits extends Limits {
  /** Whether this replica counts by itself at the moment. */
  readonly isLocal: () => boolean;
  /** Looks whether the shared account answers now, and goes by that. */
  readonly look: () => Promise<void>;
}

/** What shared limits are made of. */
export interface SharedLimitsPorts {
  readonly shared: Limits;
  readonly local: Limits;
  /** Resolves when the shared account works; throws `Unavailable` otherwise. */
  readonly probe: () => Promise<void>;
  readonly now: () => number;
  readonly log: { readonly warn: (about: object, message: string) => void };
}

/** Milliseconds between two looks at an account that did not answer. */
const lookInterval = 1_000;

/**
 * Creates limits that outlive an outage: to refuse everybody would make it everybody's, to count nothing would open the door.
 * While there is an outage nobody waits for its end: the next look goes on beside the claims, and only one at a time.
 */
export function createSharedLimits(ports: SharedLimitsPorts): SharedLimits {
  const { shared, local, probe, now, log } = ports;
  let isLocal = false;
  let lookedAt = 0;
  const countAlone = (error: unknown): void => {
    if (!isLocal) log.warn({ reason: reasonOf(error) }, 'limits are counted by this replica alone');
    isLocal = true;
  };
  const shareAgain = (): void => {
    if (isLocal) log.warn({}, 'limits are shared again');
    isLocal = false;
  };
  let looking: Promise<void> | undefined;
  const look = (): Promise<void> => {
    looking ??= probe()
      .then(shareAgain, countAlone)
      .then(() => {
        lookedAt = now();
        looking = undefined;
      });
    return looking;
  };
  const either = async <T>(ask: (limits: Limits) => Promise<T>): Promise<T> => {
    if (isLocal) {
      if (now() - lookedAt >= lookInterval) void look();
      return ask(local);
    }
    try {
      return await ask(shared);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      lookedAt = now();
      countAlone(error);
      return ask(local);
    }
  };
  return {
    take: (claims) => either((limits) => limits.take(claims)),
    giveBack: (claim) => either((limits) => limits.giveBack(claim)),
    isLocal: () => isLocal,
    look,
  };
}

/** The error of Redis, such as `OOM` or `READONLY`; `docs/limits.md` explains each. */
function reasonOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error ? cause.message : 'unknown';
}
