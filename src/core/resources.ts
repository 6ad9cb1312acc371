import type { Booking, Escrow } from './facts.ts';

/**
 * Facts of one kind that the operator keeps for us, found by their ids.
 * A change is seen by the very next decision. Every method throws `Unavailable` when the database cannot answer.
 */
export interface FactStore<Fact, Ids extends readonly string[]> {
  find(...ids: Ids): Promise<Fact | undefined>;
  /** Creates or replaces it, and gives it as stored. */
  put(fact: Fact): Promise<Fact>;
  /** Removes it, and says whether it was there. */
  remove(...ids: Ids): Promise<boolean>;
}

export type Bookings = FactStore<Booking, readonly [hotelSlug: string, bookingId: string]>;
export type Escrows = FactStore<Escrow, readonly [tenantId: string, escrowId: string]>;
