import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import { bookingId, hotelSlug } from './params.ts';

/** The chat of a guest with the hotel: one channel per booking. */
export const guestChat = defineChannel('private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}', {
  about: 'the guest of this booking, while the booking is open and the stay is not over',
  params: { hotelSlug, bookingId },
  load: ({ hotelSlug, bookingId }, facts) => facts.booking(hotelSlug, bookingId),
  rules: {
    guest: (guest, { hotelSlug, bookingId }, { fact: booking, now }) => [
      check('token is for this hotel', guest.hotelSlug === hotelSlug, 'hotel-mismatch'),
      check('token is for this booking', guest.bookingId === bookingId, 'booking-mismatch'),
      check('booking is open', booking?.status === 'open', 'booking-closed'),
      check('stay is not over', now < (booking?.checkOut ?? Infinity), 'booking-closed'),
    ],
  },
  member: {
    guest: (guest, _params, booking) => ({
      user_id: `guest_${guest.bookingId}`,
      user_info: {
        name: 'Guest',
        booking_id: guest.bookingId,
        ...(booking.roomNumber !== undefined && { room_number: booking.roomNumber }),
      },
    }),
  },
  memberOnPrivate: true,
});
