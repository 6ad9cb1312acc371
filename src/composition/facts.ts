import type { Database } from '../database/client.ts';
import { createBookings } from '../facts/store/bookings.ts';
import { createEscrows } from '../facts/store/escrows.ts';
import { createOrders } from '../facts/store/orders.ts';
import { createRooms } from '../facts/store/rooms.ts';
import type { FactReader } from '../policy/facts.ts';

/** Builds the facts of this database: as resources, which the operator changes, and as what rules may find. */
export function buildFacts(database: Database) {
  const bookings = createBookings(database);
  const escrows = createEscrows(database);
  const rooms = createRooms(database);
  const orders = createOrders(database);
  const facts: FactReader = {
    booking: bookings.find,
    escrow: escrows.find,
    room: rooms.findFor,
    order: orders.find,
  };
  return { resources: { bookings, escrows, rooms, orders }, find: facts };
}
