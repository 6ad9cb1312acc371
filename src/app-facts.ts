import type { Find } from './core/facts.ts';
import { createBookings } from './resources/bookings.ts';
import type { Database } from './resources/client.ts';
import { createEscrows } from './resources/escrows.ts';
import { createOrders } from './resources/orders.ts';
import { createRooms } from './resources/rooms.ts';

/** Builds the facts of this database: as resources, which the operator changes, and as what rules may find. */
export function buildFacts(database: Database) {
  const bookings = createBookings(database);
  const escrows = createEscrows(database);
  const rooms = createRooms(database);
  const orders = createOrders(database);
  const find: Find = {
    booking: bookings.find,
    escrow: escrows.find,
    room: rooms.findFor,
    order: orders.find,
  };
  return { resources: { bookings, escrows, rooms, orders }, find };
}
