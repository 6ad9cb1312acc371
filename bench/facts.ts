import type { Client } from 'pg';

/** The one hotel, and how many tenants there are. */
export const hotelSlug = 'grand-hotel';
const tenants = 20;
const escrowsOfSeller = 10;

/** The number of a booking by its row, from 0. */
export const bookingOf = (row: number): string => `BK-${row}`;

/** The number of the room of a row's buyer. */
export const roomOf = (row: number): string => `R-${row}`;

/** The owner of an order of the application’s own tables, by its row, which is its id. */
export const ownerOf = (row: number): string => String(1_000 + row);

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
  await fillFacts(client, rows);
  await client.query(
    `INSERT INTO audit_log (decision_id, at, action, outcome, family, channel, socket_id,
       principal_kind, principal_id, tenant_id, checks, request_id, address)
     SELECT gen_random_uuid(), now() - n * interval '1 second', 'subscribe', 'grant',
       'private-tenant.{tenantId}.user.{userId}', 'private-tenant.t1.user.' || n, n || '.1',
       'user', n::text, 't' || n % ${tenants}, '[{"name":"channel is the user’s own","passed":true}]',
       gen_random_uuid(), '192.0.2.7'
     FROM generate_series(0, $1::int) n`,
    [rows - 1],
  );
  // Done by hand, so that the server does not begin it in the middle of a measurement.
  await client.query('VACUUM ANALYZE');
}

/** Without the triggers, which would index millions of facts one by one for minutes. */
async function fillFacts(client: Client, rows: number): Promise<void> {
  await client.query('ALTER TABLE facts DISABLE TRIGGER usher_index_fact');
  await client.query(
    `INSERT INTO facts (kind, ids, tenant_id, fields)
     SELECT made.* FROM generate_series(0, $1::int) AS n
     CROSS JOIN LATERAL (SELECT 't' || n % ${tenants} AS tenant, 'buyer-' || n AS buyer) AS of
     CROSS JOIN LATERAL (VALUES
       ('booking', ARRAY['${hotelSlug}', 'BK-' || n], NULL,
         jsonb_build_object('status', 'open', 'room_number', n::text)),
       ('escrow', ARRAY[tenant, 'E-' || n], tenant, jsonb_build_object('buyer_id', buyer,
         'seller_id', 'seller-' || n % ${tenants} || '-' || n / ${tenants * escrowsOfSeller}, 'status', 'FUNDED')),
       ('room', ARRAY['R-' || n], tenant, jsonb_build_object('tenant_id', tenant,
         'participants', jsonb_build_array(buyer, 'agent-' || n % 100))),
       ('order', ARRAY['O-' || n], NULL, jsonb_build_object('owner_id', buyer))
     ) AS made`,
    [rows - 1],
  );
  await client.query(
    `INSERT INTO fact_index (kind, field, value, tenant, key)
     SELECT kind, field, value, coalesce(tenant_id, ''), key
     FROM facts CROSS JOIN LATERAL usher_fact_values(ids, fields) ON CONFLICT DO NOTHING`,
  );
  await client.query('ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_index_fact');
}
