import { requests, createBatchedLookup, type BatchedRow } from '../../database/batched-lookup.ts';
import type { Database } from '../../database/client.ts';
import type { Booking as BookingRow } from '../../database/generated/client.ts';
import { assertStorable, isStorable } from '../../database/storable-text.ts';
import type { Booking } from '../../policy/facts.ts';
import type { Bookings } from '../fact-store.ts';

export function createBookings(database: Database): Bookings {
  const lookUp = createBatchedLookup<FoundBooking>(database, {
    name: 'usher_booking',
    text: findBookings,
  });
  return {
    async find(hotelSlug, bookingId) {
      if (!isStorable(hotelSlug) || !isStorable(bookingId)) return undefined;
      const row = await lookUp([hotelSlug, bookingId]);
      if (row === undefined) return undefined;
      const { status, roomNumber, checkOut } = row;
      return toBooking({ hotelSlug, bookingId, status, roomNumber, checkOut });
    },

    async put({ hotelSlug, bookingId, status, roomNumber, checkOut }) {
      assertStorable({ hotelSlug, bookingId, roomNumber });
      if (checkOut !== undefined && !isStorableTime(checkOut)) {
        throw new RangeError('checkOut is not within the years 1 to 9999');
      }
      const facts = {
        status,
        roomNumber: roomNumber ?? null,
        checkOut: checkOut === undefined ? null : new Date(checkOut),
      };
      const row = await database.query((prisma) =>
        prisma.booking.upsert({
          where: { hotelSlug_bookingId: { hotelSlug, bookingId } },
          create: { hotelSlug, bookingId, ...facts },
          update: facts,
        }),
      );
      return toBooking(row);
    },

    async remove(hotelSlug, bookingId) {
      if (!isStorable(hotelSlug) || !isStorable(bookingId)) return false;
      const where = { hotelSlug, bookingId };
      const { count } = await database.query((prisma) => prisma.booking.deleteMany({ where }));
      return count > 0;
    },
  };
}

type FoundBooking = BatchedRow & Pick<BookingRow, 'status' | 'roomNumber' | 'checkOut'>;

/** OFFSET 0 forces one index lookup for each booking, whatever number of requests the planner expects. */
const findBookings = `
  SELECT asked.place, status, room_number AS "roomNumber", check_out AS "checkOut"
  FROM ${requests} CROSS JOIN LATERAL (
    SELECT status::text, room_number::text, check_out::timestamptz FROM bookings
    WHERE hotel_slug = asked.first AND booking_id = asked.second OFFSET 0
  ) AS found`;

/**
 * Takes milliseconds. PostgreSQL stores a year of five digits, but the text that it returns cannot be parsed as a date.
 */
function isStorableTime(ms: number): boolean {
  return ms >= Date.parse('0001-01-01T00:00Z') && ms <= Date.parse('9999-12-31T23:59:59.999Z');
}

function toBooking(row: Omit<BookingRow, 'updatedAt'>): Booking {
  return {
    hotelSlug: row.hotelSlug,
    bookingId: row.bookingId,
    // A host may replace the table with a view, so an unknown status must not count as open.
    status: row.status === 'open' ? 'open' : 'cancelled',
    ...(row.roomNumber === null ? {} : { roomNumber: row.roomNumber }),
    ...(row.checkOut === null ? {} : { checkOut: row.checkOut.getTime() }),
  };
}
