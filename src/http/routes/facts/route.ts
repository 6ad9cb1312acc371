import type { FastifyInstance } from 'fastify';
import type { Bookings, Escrows, Orders, Rooms } from '../../../facts/fact-store.ts';
import type { Booking, Escrow, Order, Room } from '../../../policy/facts.ts';
import { parseDate, parseDatetime } from '../../input/datetime.ts';
import { malformed } from '../../output/problem.ts';
import { addResource, idSchema, tenantIdSchema, type Resource } from './fact-route.ts';

/** The stores of the facts that operators write. */
export interface ResourceStores {
  readonly bookings: Bookings;
  readonly escrows: Escrows;
  readonly rooms: Rooms;
  readonly orders: Orders;
}

/** Adds the operator's routes for facts. */
export function addResources(server: FastifyInstance, stores: ResourceStores): void {
  addResource(server, bookingResource(stores.bookings));
  addResource(server, escrowResource(stores.escrows));
  addResource(server, roomResource(stores.rooms));
  addResource(server, orderResource(stores.orders));
}

interface BookingBody {
  readonly status: Booking['status'];
  readonly room_number?: string;
  readonly check_out?: string;
}

interface EscrowBody {
  readonly buyer_id: string;
  readonly seller_id: string;
  readonly status: string;
}

interface RoomBody {
  readonly tenant_id?: string;
  readonly participants: readonly string[];
  readonly guest_session_id?: string;
}

interface OrderBody {
  readonly owner_id: string;
}

const bookingResource = (
  store: Bookings,
): Resource<Booking, BookingBody, readonly [hotelSlug: string, bookingId: string]> => ({
  path: '/resources/hotels/:hotelSlug/bookings/:bookingId',
  noun: 'a booking of a hotel',
  example: { status: 'open', room_number: '101', check_out: '2025-06-03T11:00:00.000Z' },
  store,
  properties: {
    status: { enum: ['open', 'cancelled'] },
    room_number: { type: 'string', minLength: 1, maxLength: 32 },
    check_out: { type: 'string', maxLength: 40 },
  },
  required: ['status'],
  toFact: ([hotelSlug, bookingId], { status, room_number, check_out }) => ({
    hotelSlug,
    bookingId,
    status,
    ...(room_number !== undefined && { roomNumber: room_number }),
    ...(check_out !== undefined && { checkOut: endOfStay(check_out) }),
  }),
  toBody: ({ status, roomNumber, checkOut }) => ({
    status,
    ...(roomNumber !== undefined && { room_number: roomNumber }),
    ...(checkOut !== undefined && { check_out: new Date(checkOut).toISOString() }),
  }),
});

const escrowResource = (
  store: Escrows,
): Resource<Escrow, EscrowBody, readonly [tenantId: string, escrowId: string]> => ({
  path: '/resources/tenants/:tenantId/escrows/:escrowId',
  noun: 'an escrow of a tenant',
  example: { buyer_id: '15', seller_id: '16', status: 'FUNDED' },
  store,
  properties: {
    buyer_id: idSchema,
    seller_id: idSchema,
    status: { type: 'string', minLength: 1, maxLength: 64 },
  },
  required: ['buyer_id', 'seller_id', 'status'],
  toFact: ([tenantId, escrowId], { buyer_id, seller_id, status }) => ({
    tenantId,
    escrowId,
    buyerId: buyer_id,
    sellerId: seller_id,
    status,
  }),
  toBody: ({ buyerId, sellerId, status }) => ({
    buyer_id: buyerId,
    seller_id: sellerId,
    status,
  }),
});

const roomResource = (store: Rooms): Resource<Room, RoomBody, readonly [roomId: string]> => ({
  path: '/resources/rooms/:roomId',
  noun: 'a room',
  example: { participants: ['15', '16'] },
  store,
  properties: {
    tenant_id: tenantIdSchema,
    participants: { type: 'array', items: idSchema, maxItems: 1000, uniqueItems: true },
    guest_session_id: idSchema,
  },
  required: ['participants'],
  toFact: ([roomId], { tenant_id, participants, guest_session_id }) => ({
    roomId,
    ...(tenant_id !== undefined && { tenantId: tenant_id }),
    participants,
    ...(guest_session_id !== undefined && { guestSession: { sessionId: guest_session_id } }),
  }),
  toBody: ({ tenantId, participants, guestSession }) => ({
    ...(tenantId !== undefined && { tenant_id: tenantId }),
    participants,
    ...(guestSession !== undefined && { guest_session_id: guestSession.sessionId }),
  }),
});

const orderResource = (store: Orders): Resource<Order, OrderBody, readonly [orderId: string]> => ({
  path: '/resources/orders/:orderId',
  noun: 'an order',
  example: { owner_id: '15' },
  store,
  properties: { owner_id: idSchema },
  required: ['owner_id'],
  toFact: ([orderId], { owner_id }) => ({ orderId, ownerId: owner_id }),
  toBody: ({ ownerId }) => ({ owner_id: ownerId }),
});

const wholeDay = 24 * 60 * 60 * 1000;

/**
 * Returns the end of a stay. The text is an RFC 3339 time with a time zone, or a date, which means the end of that day
 * in UTC.
 */
function endOfStay(text: string): number {
  const day = parseDate(text);
  const end = day === undefined ? parseDatetime(text) : day + wholeDay;
  if (end === undefined) {
    throw malformed(
      'check_out must be a date, or a time with its zone such as 2025-12-31T11:00:00Z',
    );
  }
  return end;
}
