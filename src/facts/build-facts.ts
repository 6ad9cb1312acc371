import type { Database } from '../database/client.ts';
import { createBookings } from './store/bookings.ts';
import { createEscrows } from './store/escrows.ts';
import { createOrders } from './store/orders.ts';
import { createRooms } from './store/rooms.ts';
import type { FactReader } from '../policy/facts.ts';

/** Builds the facts of this database: the stores that the operator changes, and the reader that rules use. */
export function buildFacts(database: Database) {
  const bookings = createBookings(database);
  const escrows = createEscrows(database);
  const rooms = createRooms(database);
  const orders = createOrders(database);
  const find: FactReader = {
    booking: bookings.find,
    escrow: escrows.find,
    room: rooms.findFor,
    order: orders.find,
  };
  return { resources: { bookings, escrows, rooms, orders }, find };
}
