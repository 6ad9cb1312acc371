import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/policy/fact-kind.ts';
import { booking, guest, noon, user } from './principals.ts';
import { memberOf, verdict } from './truth-table.ts';

const guestChat = 'private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}';

const params = { hotelSlug: 'grand-hotel', bookingId: 'BK-1' };

describe('the guest chat', () => {
  it.each([
    ['a guest of the booking', { who: guest(), fact: booking() }, 'enters'],
    [
      'a guest at the end of the stay',
      { who: guest(), fact: booking({ check_out: new Date(noon + 1) }) },
      'enters',
    ],
    [
      'a guest of another hotel',
      { who: guest({ hotel: 'x' }), fact: booking() },
      'token is for this hotel',
    ],
    [
      'a guest of another booking',
      { who: guest({ booking: 'x' }), fact: booking() },
      'token is for this booking',
    ],
    ['cancelled', { who: guest(), fact: booking({ status: 'cancelled' }) }, 'booking is open'],
    [
      'a guest after the stay',
      { who: guest(), fact: booking({ check_out: new Date(noon) }) },
      'stay is not over',
    ],
    ['a booking that does not exist', { who: guest() }, 'booking is open'],
    [
      'another booking that does not exist',
      { who: guest({ booking: 'x' }) },
      'token is for this booking',
    ],
    ['a user', { who: user('15'), fact: booking() }, 'no rule'],
  ])('%s', async (_case, row, expected) => {
    expect(await verdict(guestChat, { params, ...row })).toBe(expected);
  });

  it('shows the booking, and the room when it has one', async () => {
    const memberOfGuest = async (changes: Fact = {}) =>
      JSON.stringify(
        await memberOf(guestChat, 'private', { who: guest(), params, fact: booking(changes) }),
      );
    expect(await memberOfGuest()).toBe(
      '{"user_id":"guest_BK-1","user_info":{"name":"Guest","booking_id":"BK-1"}}',
    );
    expect(await memberOfGuest({ room_number: '101' })).toBe(
      '{"user_id":"guest_BK-1","user_info":{"name":"Guest","booking_id":"BK-1","room_number":"101"}}',
    );
  });
});
