import type { Booking } from '../core/facts.ts';
import type { Bookings } from '../core/resources.ts';
import type { Database } from './client.ts';
import type { Booking as BookingRow } from './generated/client.ts';
import { assertStorable, isStorable } from './text.ts';

/** The bookings in this database. */
export function createBookings(database: Database): Bookings {
  return {
    async find(hotelSlug, bookingId) {
      if (!isStorable(hotelSlug) || !isStorable(bookingId)) return undefined;
      const where = { hotelSlug_bookingId: { hotelSlug, bookingId } };
      // findUnique: those of one tick become one query, which findFirst does not.
      const row = await database.ask((prisma) => prisma.booking.findUnique({ where }));
      return row === null ? undefined : toBooking(row);
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
      const row = await database.ask((prisma) =>
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
      const { count } = await database.ask((prisma) => prisma.booking.deleteMany({ where }));
      return count > 0;
    },
  };
}

/** Milliseconds. A year of five digits is stored, but is not a moment any more when it is read back. */
function isStorableTime(ms: number): boolean {
  return ms >= Date.parse('0001-01-01T00:00Z') && ms <= Date.parse('9999-12-31T23:59:59.999Z');
}

function toBooking(row: BookingRow): Booking {
  return {
    hotelSlug: row.hotelSlug,
    bookingId: row.bookingId,
    // A host may put a view in the table's place: a word we do not know must not count as open.
    status: row.status === 'open' ? 'open' : 'cancelled',
    ...(row.roomNumber === null ? {} : { roomNumber: row.roomNumber }),
    ...(row.checkOut === null ? {} : { checkOut: row.checkOut.getTime() }),
  };
}
