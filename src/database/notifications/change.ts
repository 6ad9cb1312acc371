import type { StoredRevocation } from '../../authorize/revocation/revocation.ts';

interface RevocationChange extends StoredRevocation {
  readonly kind: 'revocation';
}

/**
 * Messages between replicas that use the same database. A new kind needs one more member here and one more case in the
 * parser.
 */
export type Change = RevocationChange;
