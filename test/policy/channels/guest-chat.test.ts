import { describe, expect, it } from 'vitest';
import { guestChat } from '../../../src/policy/channels/guest-chat.ts';
import { booking, guest, noon, user } from './principals.ts';
import { verdict } from './truth-table.ts';

const params = { hotelSlug: 'grand-hotel', bookingId: 'BK-1' };

describe('the guest chat', () => {
  it.each([
    ['its guest', { who: guest(), fact: booking() }, 'enters'],
    [
      'on the last moment of the stay',
      { who: guest(), fact: booking({ checkOut: noon + 1 }) },
      'enters',
    ],
    [
      'another hotel',
      { who: guest({ hotelSlug: 'x' }), fact: booking() },
      'token is for this hotel',
    ],
    [
      'another booking',
      { who: guest({ bookingId: 'x' }), fact: booking() },
      'token is for this booking',
    ],
    ['cancelled', { who: guest(), fact: booking({ status: 'cancelled' }) }, 'booking is open'],
    ['past the stay', { who: guest(), fact: booking({ checkOut: noon }) }, 'stay is not over'],
    ['no such booking', { who: guest() }, 'booking is open'],
    [
      'another’s booking that is missing',
      { who: guest({ bookingId: 'x' }) },
      'token is for this booking',
    ],
    ['a user', { who: user('15'), fact: booking() }, 'no rule'],
  ])('%s', (_case, row, expected) => {
    expect(verdict(guestChat, { params, ...row })).toBe(expected);
  });

  it('shows the booking, and the room when it has one', () => {
    const shown = (roomNumber?: string) =>
      JSON.stringify(
        guestChat.memberOf('private', guest(), {
          params,
          fact: booking(roomNumber === undefined ? {} : { roomNumber }),
        }),
      );
    expect(shown()).toBe(
      '{"user_id":"guest_BK-1","user_info":{"name":"Guest","booking_id":"BK-1"}}',
    );
    expect(shown('101')).toBe(
      '{"user_id":"guest_BK-1","user_info":{"name":"Guest","booking_id":"BK-1","room_number":"101"}}',
    );
  });
});
