import type { FactKind, Field } from '../../src/policy/fact-kind.ts';

// The kinds of fact of the shipped policies.
const text: Field = {
  type: 'string',
  optional: false,
  maxLength: 255,
  maxItems: 0,
  dateMeansEndOfDay: false,
};

export const booking: FactKind = {
  name: 'booking',
  ids: ['hotelSlug', 'bookingId'],
  fields: {
    status: { ...text, oneOf: ['open', 'cancelled'] },
    room_number: { ...text, maxLength: 32, optional: true },
    check_out: { ...text, type: 'timestamp', optional: true, dateMeansEndOfDay: true },
  },
  path: '/resources/hotels/{hotelSlug}/bookings/{bookingId}',
  about: 'a booking of a hotel',
};

export const escrow: FactKind = {
  name: 'escrow',
  ids: ['tenantId', 'escrowId'],
  tenant: 'tenantId',
  fields: { buyer_id: text, seller_id: text, status: { ...text, maxLength: 64 } },
  path: '/resources/tenants/{tenantId}/escrows/{escrowId}',
  about: 'an escrow of a tenant',
};

export const room: FactKind = {
  name: 'room',
  ids: ['roomId'],
  tenant: 'tenant_id',
  fields: {
    tenant_id: { ...text, maxLength: 128, optional: true },
    participants: { ...text, type: 'list(string)', maxItems: 1000 },
    guest_session_id: { ...text, type: 'guest_session', optional: true },
  },
  path: '/resources/rooms/{roomId}',
  about: 'a room',
};

export const order: FactKind = {
  name: 'order',
  ids: ['orderId'],
  fields: { owner_id: text },
  path: '/resources/orders/{orderId}',
  about: 'an order',
};
