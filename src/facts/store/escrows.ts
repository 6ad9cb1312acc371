import { requests, createBatchedLookup, type BatchedRow } from '../../database/batched-lookup.ts';
import type { Database } from '../../database/client.ts';
import type { PrismaClient } from '../../database/generated/client.ts';
import { assertStorable, isStorable } from '../../database/storable-text.ts';
import type { Escrow } from '../../policy/facts.ts';
import type { Escrows } from '../fact-store.ts';

/** Stores the escrows in this database. Each statement sets its tenant for row-level security. */
export function createEscrows(database: Database): Escrows {
  const lookUp = createBatchedLookup<BatchedRow & Escrow>(database, {
    name: 'usher_escrow',
    text: findEscrows,
  });
  return {
    async find(tenantId, escrowId) {
      if (!isStorable(tenantId) || !isStorable(escrowId)) return undefined;
      const row = await lookUp([tenantId, escrowId]);
      return row && toEscrow(row);
    },

    async put({ tenantId, escrowId, buyerId, sellerId, status }) {
      assertStorable({ tenantId, escrowId, buyerId, sellerId, status });
      // Row-level security reads '' if no tenant was set.
      if (tenantId === '') throw new RangeError('tenantId is empty');
      const facts = { buyerId, sellerId, status };
      const [, row] = await database.query((prisma) =>
        prisma.$transaction([
          nameTenant(prisma, tenantId),
          prisma.escrow.upsert({
            where: { tenantId_escrowId: { tenantId, escrowId } },
            create: { tenantId, escrowId, ...facts },
            update: facts,
          }),
        ]),
      );
      return toEscrow(row);
    },

    async remove(tenantId, escrowId) {
      if (!isStorable(tenantId) || !isStorable(escrowId)) return false;
      const where = { tenantId, escrowId };
      const [, { count }] = await database.query((prisma) =>
        prisma.$transaction([nameTenant(prisma, tenantId), prisma.escrow.deleteMany({ where })]),
      );
      return count > 0;
    },
  };
}

/**
 * One statement for any number of tenants. LATERAL … OFFSET 0 fixes the order: PostgreSQL sets a tenant and looks up
 * its escrow before it sets the next tenant. In another order row-level security would hide the escrow, and the result
 * would be "not found".
 */
const findEscrows = `
  SELECT asked.place, found.*
  FROM ${requests} CROSS JOIN LATERAL (
    SELECT set_config('usher.tenant', asked.first, true) AS id OFFSET 0
  ) AS tenant CROSS JOIN LATERAL (
    SELECT tenant_id AS "tenantId", escrow_id AS "escrowId", buyer_id AS "buyerId",
      seller_id AS "sellerId", status
    FROM escrows WHERE tenant_id = tenant.id AND escrow_id = asked.second OFFSET 0
  ) AS found`;

/**
 * Sets the tenant for this transaction only. A setting that stayed on the pooled connection would give the next tenant
 * access to these rows.
 */
export function nameTenant(prisma: PrismaClient, tenantId: string) {
  return prisma.$executeRaw`SELECT set_config('usher.tenant', ${tenantId}, true)`;
}

function toEscrow({ tenantId, escrowId, buyerId, sellerId, status }: Escrow): Escrow {
  return { tenantId, escrowId, buyerId, sellerId, status };
}
