import * as kinds from './legacy/kinds.ts';
import type { PushedFacts } from './pushed-facts.ts';

/** Facts of the demo, which exist outside production only. */
export const demo = {
  booking: { hotelSlug: 'grand-hotel', bookingId: 'BK-2025-ABC123' },
  escrow: { tenantId: '1', escrowId: '42', buyerId: '15', sellerId: '16' },
} as const;

/** Inserts the missing facts of the demo. Existing facts are not changed. */
export async function putDemo(facts: PushedFacts): Promise<void> {
  const { booking, escrow } = demo;
  const { buyerId: buyer_id, sellerId: seller_id } = escrow;
  for (const [kind, ids, body] of [
    [kinds.booking, [booking.hotelSlug, booking.bookingId], { status: 'open' }],
    [kinds.escrow, [escrow.tenantId, escrow.escrowId], { buyer_id, seller_id, status: 'FUNDED' }],
  ] as const) {
    if ((await facts.read(kind, ids)) === undefined) await facts.put(kind, ids, body);
  }
}
