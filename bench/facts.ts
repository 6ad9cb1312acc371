import type { Client } from 'pg';

/** The one hotel, and how many tenants there are. */
export const hotelSlug = 'grand-hotel';
const tenants = 20;
const escrowsOfSeller = 10;

/** The number of a booking by its row, from 0. */
export const bookingOf = (row: number): string => `BK-${row}`;

/** The number of the room of a row's buyer. */
export const roomOf = (row: number): string => `R-${row}`;

/** The escrow of this row, from 0: each has a buyer of its own, and ten of one tenant share a seller. */
export function escrowOf(row: number) {
  const tenant = row % tenants;
  const within = Math.floor(row / tenants);
  return {
    tenantId: `t${tenant}`,
    escrowId: `E-${row}`,
    buyerId: `buyer-${row}`,
    sellerId: `seller-${tenant}-${Math.floor(within / escrowsOfSeller)}`,
  };
}

/** The rows of all ten escrows of the seller who sells this one. */
export function rowsOfSeller(row: number): readonly number[] {
  const step = tenants * escrowsOfSeller;
  const first = Math.floor(row / step) * step + (row % tenants);
  return Array.from({ length: escrowsOfSeller }, (_, i) => first + i * tenants);
}

/** Fills a database with as many bookings, escrows, rooms, orders and audit rows; each buyer has one of each. Needs a login above row-level security. */
export async function fill(client: Client, rows: number): Promise<void> {
  const upTo = [rows - 1];
  await client.query(
    `INSERT INTO bookings (hotel_slug, booking_id, status, room_number)
     SELECT '${hotelSlug}', 'BK-' || n, 'open', n::text FROM generate_series(0, $1::int) n`,
    upTo,
  );
  await client.query(
    `INSERT INTO escrows (tenant_id, escrow_id, buyer_id, seller_id, status)
     SELECT 't' || n % ${tenants}, 'E-' || n, 'buyer-' || n,
       'seller-' || n % ${tenants} || '-' || n / ${tenants * escrowsOfSeller}, 'FUNDED'
     FROM generate_series(0, $1::int) n`,
    upTo,
  );
  await fillRooms(client, rows);
  await client.query(
    `INSERT INTO orders (order_id, owner_id)
     SELECT 'O-' || n, 'buyer-' || n FROM generate_series(0, $1::int) n`,
    upTo,
  );
  await client.query(
    `INSERT INTO audit_log (decision_id, at, action, outcome, family, channel, socket_id,
       principal_kind, principal_id, tenant_id, checks, request_id, address)
     SELECT gen_random_uuid(), now() - n * interval '1 second', 'subscribe', 'grant',
       'private-tenant.{tenantId}.user.{userId}', 'private-tenant.t1.user.' || n, n || '.1',
       'user', n::text, 't' || n % ${tenants}, '[{"name":"channel is the user’s own","passed":true}]',
       gen_random_uuid(), '192.0.2.7'
     FROM generate_series(0, $1::int) n`,
    upTo,
  );
  // Done by hand, so that the server does not begin it in the middle of a measurement.
  await client.query('VACUUM ANALYZE');
}

/** Without the trigger, which would write the participants of a million rooms one by one for minutes. */
async function fillRooms(client: Client, rows: number): Promise<void> {
  await client.query('ALTER TABLE rooms DISABLE TRIGGER usher_index_participants');
  await client.query(
    `INSERT INTO rooms (room_id, tenant_id, participants)
     SELECT 'R-' || n, 't' || n % ${tenants}, ARRAY['buyer-' || n, 'agent-' || n % 100]
     FROM generate_series(0, $1::int) n`,
    [rows - 1],
  );
  await client.query(
    `INSERT INTO room_participants (user_id, room_id) SELECT unnest(participants), room_id FROM rooms`,
  );
  await client.query('ALTER TABLE rooms ENABLE ALWAYS TRIGGER usher_index_participants');
}
