import type { Booking, Escrow, Order, Room } from '../policy/facts.ts';

/**
 * Facts of one kind, which the operator stores and which are found by their ids. The next decision after a change uses
 * the new fact. Every method throws `Unavailable` if the database is unavailable.
 */
export interface FactStore<Fact, Ids extends readonly string[]> {
  readonly find: (...ids: Ids) => Promise<Fact | undefined>;
  /** Creates or replaces a fact, and resolves to the stored fact. */
  readonly put: (fact: Fact) => Promise<Fact>;
  /** Removes a fact, and resolves to true if it existed. */
  readonly remove: (...ids: Ids) => Promise<boolean>;
}

export type Bookings = FactStore<Booking, readonly [hotelSlug: string, bookingId: string]>;
export type Escrows = FactStore<Escrow, readonly [tenantId: string, escrowId: string]>;
export type Rooms = FactStore<Room, readonly [roomId: string]>;
export type Orders = FactStore<Order, readonly [orderId: string]>;
