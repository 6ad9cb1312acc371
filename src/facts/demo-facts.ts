import type { Bookings, Escrows } from './fact-store.ts';

/** Facts of the demo, which exist outside production only. */
export const demo = {
  booking: { hotelSlug: 'grand-hotel', bookingId: 'BK-2025-ABC123' },
  escrow: { tenantId: '1', escrowId: '42', buyerId: '15', sellerId: '16' },
} as const;

/** Inserts the missing facts of the demo. Existing facts are not changed. */
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
