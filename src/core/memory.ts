import type { Find } from './facts.ts';
import type { RevocationStore } from './revocation.ts';

/**
 * What this process remembers of facts and revocations. It may be out of date: a decision by it counts only when the trail
 * keeps it, which it does not when anything has changed since the `version` that was taken before the first question.
 */
export interface Memory {
  /** Changes with everything that may have changed; `undefined` while nothing can be remembered. */
  readonly version: () => number | undefined;
  readonly find: Find;
  readonly revocations: Pick<RevocationStore, 'latest'>;
}
