import type { Booking, Escrow } from '../../../src/policy/facts.ts';
import type { Guest, User } from '../../../src/policy/principal.ts';

/** A moment to which all facts below are relative, in milliseconds since the epoch. */
export const noon = Date.UTC(2026, 0, 15, 12);

export const guest = (changes: Partial<Guest> = {}): Guest => ({
  kind: 'guest',
  hotelSlug: 'grand-hotel',
  bookingId: 'BK-1',
  expiresAt: noon + 1,
  ...changes,
});

export const user = (userId: string, changes: Partial<User> = {}): User => ({
  kind: 'user',
  id: userId,
  tenantId: '1',
  roles: [],
  expiresAt: noon + 1,
  ...changes,
});

export const booking = (changes: Partial<Booking> = {}): Booking => ({
  hotelSlug: 'grand-hotel',
  bookingId: 'BK-1',
  status: 'open',
  ...changes,
});

export const escrow = (changes: Partial<Escrow> = {}): Escrow => ({
  tenantId: '1',
  escrowId: '42',
  buyerId: '15',
  sellerId: '16',
  status: 'FUNDED',
  ...changes,
});
