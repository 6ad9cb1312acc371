import type { Logger } from 'pino';
import { buildLimits } from './app-limits.ts';
import type { Storage } from './app-storage.ts';
import { createBookings } from './resources/bookings.ts';
import { createEscrows } from './resources/escrows.ts';
import { createLiveGrants } from './resources/live-grants.ts';
import { createOrders } from './resources/orders.ts';
import { createRevocations } from './resources/revocations.ts';
import { createRooms } from './resources/rooms.ts';
import { createTickets } from './resources/tickets.ts';
import { createMemoryOnce } from './stores/memory-once.ts';
import { createRedisOnce } from './stores/redis-once.ts';
import { createRedisTickets } from './stores/redis-tickets.ts';

export type Stores = ReturnType<typeof buildStores>;

/** Builds what keeps facts, tickets, revocations and counts. */
export function buildStores(
  storage: Storage,
  { now, log }: { readonly now: () => number; readonly log: Logger },
) {
  const { database, redis } = storage;
  const bookings = createBookings(database);
  const escrows = createEscrows(database);
  const rooms = createRooms(database);
  const orders = createOrders(database);
  return {
    resources: { bookings, escrows, rooms, orders },
    find: {
      booking: bookings.find,
      escrow: escrows.find,
      room: rooms.find,
      order: orders.find,
    },
    tickets: redis ? createRedisTickets(redis, now) : createTickets(database),
    noteOnce: redis ? createRedisOnce(redis, now) : createMemoryOnce(now),
    revocations: createRevocations(database),
    limiting: buildLimits(storage, { now, log }),
    liveGrants: createLiveGrants(database),
  };
}
