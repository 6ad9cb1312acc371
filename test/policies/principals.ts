import { principalOf } from '../../src/authn/issued-token.ts';
import { visitorOf, type ApplicationUser } from '../../src/authn/visitor.ts';
import type { Fact } from '../../src/policy/fact-kind.ts';
import type { LinkedUser, Principal } from '../../src/policy/principal.ts';
import { shippedGuestIssuer } from '../support/shipped-policy.ts';

/** The time to which all facts below are relative, in milliseconds since the epoch. */
export const noon = Date.UTC(2026, 0, 15, 12);

/** The guest of a guest token with these claims. */
export const guest = (changes: { hotel?: string; booking?: string } = {}): Principal => ({
  ...principalOf(shippedGuestIssuer, { hotel: 'grand-hotel', booking: 'BK-1', ...changes }),
  expiresAt: noon + 1,
});

export const user = (id: string, changes: Partial<Principal> = {}): Principal => ({
  kind: 'user',
  id,
  tenantId: '1',
  roles: [],
  expiresAt: noon + 1,
  ...changes,
});

export const session = (id: string, linkedUser?: LinkedUser): Principal => ({
  kind: 'guest-session',
  id,
  roles: [],
  expiresAt: noon + 1,
  ...(linkedUser !== undefined && { linkedUser }),
});

export const visitor = (changes: Partial<ApplicationUser> = {}): Principal =>
  visitorOf({ id: '15', ...changes }, { expiresAt: noon + 1 });

export const booking = (changes: Fact = {}): Fact => ({ status: 'open', ...changes });

export const escrow = (changes: Fact = {}): Fact => ({
  buyer_id: '15',
  seller_id: '16',
  status: 'FUNDED',
  ...changes,
});
