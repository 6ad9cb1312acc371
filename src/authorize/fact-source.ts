import type { FindFact } from '../policy/fact-kind.ts';
import type { RevocationStore } from './revocation/revocation.ts';

/** The source of facts and revocations of one decision. */
export interface FactSource {
  readonly find: FindFact;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  /**
   * The version of the cache that this source reads, taken before the first read; `undefined` for the database. The audit
   * log accepts a decision of an older version only if no fact has changed since.
   */
  readonly version?: number | undefined;
}
