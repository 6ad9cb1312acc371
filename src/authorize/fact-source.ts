import type { FactReader } from '../policy/facts.ts';
import type { RevocationStore } from './revocation/revocation.ts';

/** Where one decision reads facts and revocations. */
export interface FactSource {
  readonly find: FactReader;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  /**
   * The version of the cache that this source reads, taken before the first read; `undefined` for the database. The audit
   * log takes a decision of an older version only if nothing has changed since.
   */
  readonly version?: number | undefined;
}
