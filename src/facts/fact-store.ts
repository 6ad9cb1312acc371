import type { Booking, Escrow, Order, Room } from '../policy/facts.ts';

/**
 * Facts of one kind that the operator keeps for us, found by their ids.
 * A change is seen by the very next decision. Every method throws `Unavailable` when the database cannot answer.
 */
export interface FactStore<Fact, Ids extends readonly string[]> {
  readonly find: (...ids: Ids) => Promise<Fact | undefined>;
  /** Creates or replaces it, and gives it as stored. */
  readonly put: (fact: Fact) => Promise<Fact>;
  /** Removes it, and says whether it was there. */
  readonly remove: (...ids: Ids) => Promise<boolean>;
}

export type Bookings = FactStore<Booking, readonly [hotelSlug: string, bookingId: string]>;
export type Escrows = FactStore<Escrow, readonly [tenantId: string, escrowId: string]>;
export type Rooms = FactStore<Room, readonly [roomId: string]>;
export type Orders = FactStore<Order, readonly [orderId: string]>;
