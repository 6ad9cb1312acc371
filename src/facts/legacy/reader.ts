import type { FindFact, LinkedGuestSession } from '../../policy/fact-kind.ts';
import type { FactReader } from '../../policy/facts.ts';
import * as kinds from './kinds.ts';

/** Finds the facts of the compiled-in channels. */
export function createLegacyReader(find: FindFact): FactReader {
  return {
    booking: async (hotelSlug, bookingId) => {
      const fact = await find(kinds.booking, [hotelSlug, bookingId], {});
      if (fact === undefined) return undefined;
      const { status, room_number: roomNumber, check_out: checkOut } = fact;
      return {
        ...{ hotelSlug, bookingId },
        status: status === 'open' ? 'open' : 'cancelled',
        ...(typeof roomNumber === 'string' && { roomNumber }),
        ...(checkOut instanceof Date && { checkOut: checkOut.getTime() }),
      };
    },
    escrow: async (tenantId, escrowId) => {
      const fact = await find(kinds.escrow, [tenantId, escrowId], { tenantId });
      if (fact === undefined) return undefined;
      const { buyer_id, seller_id, status } = fact as Readonly<Record<string, string>>;
      return {
        ...{ tenantId, escrowId, status: status ?? '' },
        ...{ buyerId: buyer_id ?? '', sellerId: seller_id ?? '' },
      };
    },
    room: async (roomId, { tenantId, sessionId } = {}) => {
      const fact = await find(kinds.room, [roomId], { tenantId, guestSessionId: sessionId });
      if (fact === undefined) return undefined;
      const session = fact['guest_session_id'] as LinkedGuestSession | undefined;
      return {
        roomId,
        ...(typeof fact['tenant_id'] === 'string' && { tenantId: fact['tenant_id'] }),
        participants: (fact['participants'] ?? []) as readonly string[],
        ...(session !== undefined && {
          guestSession: {
            sessionId: session.id,
            ...(session.user !== undefined && { linkedUserId: session.user }),
          },
        }),
      };
    },
    order: async (orderId) => {
      const fact = await find(kinds.order, [orderId], {});
      return fact && { orderId, ownerId: fact['owner_id'] as string };
    },
  };
}
