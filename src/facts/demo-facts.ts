import type { Bookings, Escrows } from './fact-store.ts';

/** What one can ask for at once, outside production. */
export const demo = {
  booking: { hotelSlug: 'grand-hotel', bookingId: 'BK-2025-ABC123' },
  escrow: { tenantId: '1', escrowId: '42', buyerId: '15', sellerId: '16' },
} as const;

/** Puts the demo's facts where they are missing; what somebody changed stays changed. */
export async function putDemo(stores: {
  readonly bookings: Bookings;
  readonly escrows: Escrows;
}): Promise<void> {
  const { booking, escrow } = demo;
  if ((await stores.bookings.find(booking.hotelSlug, booking.bookingId)) === undefined) {
    await stores.bookings.put({ ...booking, status: 'open' });
  }
  if ((await stores.escrows.find(escrow.tenantId, escrow.escrowId)) === undefined) {
    await stores.escrows.put({ ...escrow, status: 'FUNDED' });
  }
}
