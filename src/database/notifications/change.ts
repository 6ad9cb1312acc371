import type { StoredRevocation } from '../../authorize/revocation/revocation.ts';

/** Something was revoked. */
export interface RevocationChange extends StoredRevocation {
  readonly kind: 'revocation';
}

/** What replicas on one database tell each other. A new kind is one more member here, and one more line where messages are read. */
export type Change = RevocationChange;
