import type { HeldRevocation } from '../../authorize/revocation/revocation.ts';

/** Something was revoked. */
export interface RevocationChange extends HeldRevocation {
  readonly kind: 'revocation';
}

/** What replicas on one database tell each other. A new kind is one more member here, and one more line where messages are read. */
export type Change = RevocationChange;
