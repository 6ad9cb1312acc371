import { expect, it } from 'vitest';
import {
  createDatabase,
  type Database,
  type PreparedStatement,
} from '../../src/database/client.ts';
import { createBookings } from '../../src/facts/store/bookings.ts';
import { createEscrows } from '../../src/facts/store/escrows.ts';
import { createOrders } from '../../src/facts/store/orders.ts';
import { createRooms } from '../../src/facts/store/rooms.ts';
import type { Booking, Escrow } from '../../src/policy/facts.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';

const awkward = [
  `'; DROP TABLE bookings; --`,
  'a"b\\c%_',
  'züri-🛎️',
  '',
  ' ',
  '-guest-chat-booking-',
];
const unstorable = ['a\u0000b', '\ud800', 'x\udc00'];

describePostgres('bookings', (server) => {
  const at = useDatabase(server);
  const bookings = () => createBookings(at.database);
  const stay: Booking = {
    hotelSlug: 'grand-hotel',
    bookingId: 'BK-1',
    status: 'open',
    roomNumber: '12',
    checkOut: 1_767_225_600_123,
  };

  it('returns what was put, to the millisecond', async () => {
    expect(await bookings().put(stay)).toEqual(stay);
    expect(await bookings().find('grand-hotel', 'BK-1')).toEqual(stay);
  });

  it('replaces a booking, and forgets what the new one does not say', async () => {
    const bare: Booking = { hotelSlug: 'grand-hotel', bookingId: 'BK-2', status: 'cancelled' };
    await bookings().put({ ...bare, status: 'open', roomNumber: '7', checkOut: 1 });
    expect(await bookings().put(bare)).toEqual(bare);
    expect(await bookings().find('grand-hotel', 'BK-2')).toEqual(bare);
  });

  it('survives many puts of one booking at once', async () => {
    const booking: Booking = { hotelSlug: 'h', bookingId: 'race', status: 'open' };
    await Promise.all(Array.from({ length: 20 }, () => bookings().put(booking)));
    expect(await bookings().find('h', 'race')).toEqual(booking);
  });

  it('finds nothing at another hotel, nor in another case', async () => {
    await bookings().put(stay);
    expect(await bookings().find('other-hotel', 'BK-1')).toBeUndefined();
    expect(await bookings().find('grand-hotel', 'bk-1')).toBeUndefined();
    expect(await bookings().find('grand-hotel', 'BK-1 ')).toBeUndefined();
  });

  it('answers each of many lookups of one tick with its own booking', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `many-${String(i)}`);
    await Promise.all(
      ids.map((bookingId) => bookings().put({ hotelSlug: 'h', bookingId, status: 'open' })),
    );
    const asked = [...ids, 'a\u0000b', 'missing'];
    const found = await Promise.all(asked.map((id) => bookings().find('h', id)));
    expect(found.map((booking) => booking?.bookingId)).toEqual([...ids, undefined, undefined]);
  });

  it('a change is seen by the very next question on another replica, whatever else it is asked', async () => {
    const other = createDatabase({ url: at.url, role: server.role, timeoutMs: 30_000 });
    try {
      const there = createBookings(other);
      const seen: unknown[] = [];
      for (let i = 0; i < 200; i += 1) {
        const status = i % 2 === 0 ? 'cancelled' : 'open';
        // Under way while the change is made, so that the next question could be answered with these.
        const before = [there.find('h', 'turn'), there.find('h', 'other')];
        await bookings().put({ hotelSlug: 'h', bookingId: 'turn', status });
        const found = await there.find('h', 'turn');
        seen.push(found?.status === status);
        await Promise.all(before);
      }
      expect(seen).toEqual(new Array(200).fill(true));
    } finally {
      await other.close();
    }
  });

  it('removes, and says whether there was one', async () => {
    await bookings().put({ ...stay, bookingId: 'gone' });
    expect(await bookings().remove('grand-hotel', 'gone')).toBe(true);
    expect(await bookings().remove('grand-hotel', 'gone')).toBe(false);
    expect(await bookings().find('grand-hotel', 'gone')).toBeUndefined();
  });

  it.each(awkward)('takes %j for text and nothing else', async (text) => {
    const booking: Booking = {
      hotelSlug: text,
      bookingId: text,
      status: 'open',
      roomNumber: text,
    };
    expect(await bookings().put(booking)).toEqual(booking);
    expect(await bookings().find(text, text)).toEqual(booking);
    expect(await bookings().remove(text, text)).toBe(true);
  });

  it.each(unstorable)('does not find %j, and does not store it', async (text) => {
    expect(await bookings().find('h', text)).toBeUndefined();
    expect(await bookings().find(text, 'b')).toBeUndefined();
    expect(await bookings().remove(text, 'b')).toBe(false);
    await expect(bookings().put({ ...stay, roomNumber: text })).rejects.toThrow(RangeError);
  });

  it.each(['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'])(
    'keeps the moment %s',
    async (moment) => {
      const booking: Booking = { ...stay, bookingId: moment, checkOut: Date.parse(moment) };
      expect(await bookings().put(booking)).toEqual(booking);
    },
  );

  it.each([NaN, Infinity, 8.64e15, -8.64e15, Date.parse('+010000-01-01T00:00:00Z')])(
    'does not store the moment %d, which could not be read back',
    async (checkOut) => {
      await expect(bookings().put({ ...stay, checkOut })).rejects.toThrow(RangeError);
    },
  );

  it('takes no other status into the table', async () => {
    await expect(
      withClient(at.url, (client) =>
        client.query(`INSERT INTO bookings VALUES ('h', 'b', 'tentative')`),
      ),
    ).rejects.toThrow('bookings_status_check');
  });

  it('does not take an unknown status of a host’s own view for open', async () => {
    const onServer = (sql: string) => withClient(at.url, (admin) => admin.query(sql));
    await onServer(`ALTER TABLE bookings RENAME TO hidden;
      CREATE VIEW bookings AS SELECT 'h' AS hotel_slug, 'odd' AS booking_id, 'OPEN' AS status,
        NULL::text AS room_number, NULL::timestamptz AS check_out, now() AS updated_at;
      GRANT SELECT ON bookings TO ${server.role!}`);
    try {
      expect(await bookings().find('h', 'odd')).toEqual({
        ...{ hotelSlug: 'h', bookingId: 'odd', status: 'cancelled' },
      });
    } finally {
      await onServer('DROP VIEW bookings; ALTER TABLE hidden RENAME TO bookings');
    }
  });
});

describePostgres('escrows', (server) => {
  const at = useDatabase(server);
  const escrows = () => createEscrows(at.database);
  const escrow: Escrow = {
    tenantId: '1',
    escrowId: 'E-1',
    buyerId: '15',
    sellerId: '16',
    status: 'DISPUTED',
  };

  it('returns what was put', async () => {
    expect(await escrows().put(escrow)).toEqual(escrow);
    expect(await escrows().find('1', 'E-1')).toEqual(escrow);
    expect(await escrows().put({ ...escrow, status: 'OPEN' })).toMatchObject({ status: 'OPEN' });
    expect(await escrows().find('1', 'E-1')).toMatchObject({ status: 'OPEN' });
  });

  it('keeps tenants apart that use the same escrow id', async () => {
    await escrows().put({ ...escrow, tenantId: 'a', escrowId: 'same', buyerId: 'of-a' });
    await escrows().put({ ...escrow, tenantId: 'b', escrowId: 'same', buyerId: 'of-b' });
    const lookups = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'a' : 'b'));
    const found = await Promise.all(lookups.map((tenant) => escrows().find(tenant, 'same')));
    expect(found.map((one) => one?.buyerId)).toEqual(lookups.map((tenant) => `of-${tenant}`));
    expect(await escrows().find('c', 'same')).toBeUndefined();
    expect(await escrows().remove('c', 'same')).toBe(false);
    expect(await escrows().remove('a', 'same')).toBe(true);
    expect(await escrows().find('a', 'same')).toBeUndefined();
    expect(await escrows().find('b', 'same')).toBeDefined();
  });

  it('finds an escrow however the table is planned: empty, small, or large and analyzed', async () => {
    await escrows().put({ ...escrow, escrowId: 'planned' });
    expect(await escrows().find('1', 'planned')).toBeDefined();
    await withClient(at.url, (client) =>
      client.query(`INSERT INTO escrows SELECT '1', 'bulk' || n, 'b', 's', 'OPEN', now()
        FROM generate_series(1, 5000) AS n; ANALYZE escrows`),
    );
    expect(await escrows().find('1', 'planned')).toBeDefined();
    expect(await escrows().find('1', 'bulk4999')).toBeDefined();
  });

  it('asks the index for the one escrow, and does not go through those of its tenant', async () => {
    const said: PreparedStatement[] = [];
    const execute: Database['execute'] = (statement) => {
      said.push(statement);
      return at.database.execute(statement);
    };
    await createEscrows({ ...at.database, execute }).find('1', 'E-1');
    const plan = await withClient(at.url, async (client) => {
      await client.query(`SET ROLE ${server.role!}; SET enable_seqscan = off;
        SET plan_cache_mode = force_generic_plan; PREPARE lookup(text) AS ${said[0]!.text}`);
      const { rows } = await client.query<Record<string, string>>(
        `EXPLAIN EXECUTE lookup('[["1","E-1"]]')`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    expect(plan).toMatch(/Index Cond: .*tenant_id.* AND .*escrow_id/);
  });

  it.each(awkward.filter((text) => text !== ''))('takes %j for text', async (text) => {
    const odd: Escrow = {
      tenantId: text,
      escrowId: text,
      buyerId: text,
      sellerId: text,
      status: text,
    };
    expect(await escrows().put(odd)).toEqual(odd);
    expect(await escrows().find(text, text)).toEqual(odd);
    expect(await escrows().remove(text, text)).toBe(true);
  });

  it('has no tenant without a name', async () => {
    expect(await escrows().find('', 'E-1')).toBeUndefined();
    expect(await escrows().remove('', 'E-1')).toBe(false);
    await expect(escrows().put({ ...escrow, tenantId: '' })).rejects.toThrow(RangeError);
  });

  it.each(unstorable)('does not find %j, and does not store it', async (text) => {
    expect(await escrows().find(text, 'E-1')).toBeUndefined();
    expect(await escrows().find('1', text)).toBeUndefined();
    expect(await escrows().remove(text, 'E-1')).toBe(false);
    await expect(escrows().put({ ...escrow, buyerId: text })).rejects.toThrow(RangeError);
  });
});

describePostgres('rooms and orders', (server) => {
  const at = useDatabase(server);

  it('answers each of many lookups of one tick with its own', async () => {
    const [rooms, orders] = [createRooms(at.database), createOrders(at.database)];
    const ids = ['1', '2', '3'];
    await Promise.all(ids.map((id) => rooms.put({ roomId: id, participants: [id, 'x'] })));
    await Promise.all(ids.map((id) => orders.put({ orderId: id, ownerId: `owner-${id}` })));
    const asked = ['3', 'missing', 'a\u0000b', '1'];
    expect(await Promise.all(asked.map((id) => rooms.find(id)))).toEqual([
      { roomId: '3', participants: ['3', 'x'] },
      ...[undefined, undefined],
      { roomId: '1', participants: ['1', 'x'] },
    ]);
    expect(await Promise.all(asked.map((id) => orders.find(id)))).toEqual([
      { orderId: '3', ownerId: 'owner-3' },
      ...[undefined, undefined],
      { orderId: '1', ownerId: 'owner-1' },
    ]);
  });

  it('finds a room with the user that its guest session was linked to', async () => {
    await withClient(at.url, (admin) =>
      admin.query(`INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, expires_at)
        VALUES ('s', 'hash', '15', now())`),
    );
    const room = { roomId: 'linked', participants: ['7'], guestSession: { sessionId: 's' } };
    const linked = { ...room, guestSession: { sessionId: 's', linkedUserId: '15' } };
    expect(await createRooms(at.database).put(room)).toEqual(linked);
    expect(await createRooms(at.database).find('linked')).toEqual(linked);
  });
});
