import type { Client } from 'pg';

/** The hotel of all bookings. */
export const hotelSlug = 'grand-hotel';
const tenants = 20;
const escrowsOfSeller = 10;

/** Booking number of a row (from 0). */
export const bookingOf = (row: number): string => `BK-${row}`;

/** Room number of a row. */
export const roomOf = (row: number): string => `R-${row}`;

/** Owner of an order in the application's table. The row is the id of the order. */
export const ownerOf = (row: number): string => String(1_000 + row);

/** Escrow of a row (from 0). Each has its own buyer; ten escrows of a tenant share a seller. */
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

/** Rows of the ten escrows that have the same seller as this row. */
export function rowsOfSeller(row: number): readonly number[] {
  const step = tenants * escrowsOfSeller;
  const first = Math.floor(row / step) * step + (row % tenants);
  return Array.from({ length: escrowsOfSeller }, (_, i) => first + i * tenants);
}

/** Inserts `rows` bookings, escrows, rooms, orders and audit rows, one of each per buyer. The role must bypass row-level security. */
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
  // Otherwise autovacuum could start during a measurement.
  await client.query('VACUUM ANALYZE');
}

/** Disables the trigger, which would index each fact separately and take minutes for millions of rows. */
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
