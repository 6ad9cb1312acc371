import type { Escrow } from '../core/facts.ts';
import type { Escrows } from '../core/resources.ts';
import type { Database } from './client.ts';
import type { Escrow as EscrowRow, PrismaClient } from './generated/client.ts';
import { assertStorable, isStorable } from './text.ts';

/** The escrows in this database; each statement names its tenant to row-level security. */
export function createEscrows(database: Database): Escrows {
  return {
    async find(tenantId, escrowId) {
      if (!isStorable(tenantId) || !isStorable(escrowId)) return undefined;
      const rows = await database.ask((prisma) => findRows(prisma, tenantId, escrowId));
      return rows[0];
    },

    async put({ tenantId, escrowId, buyerId, sellerId, status }) {
      assertStorable({ tenantId, escrowId, buyerId, sellerId, status });
      // '' is what row-level security reads where no tenant was named.
      if (tenantId === '') throw new RangeError('tenantId is empty');
      const facts = { buyerId, sellerId, status };
      const [, row] = await database.ask((prisma) =>
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
      const [, { count }] = await database.ask((prisma) =>
        prisma.$transaction([nameTenant(prisma, tenantId), prisma.escrow.deleteMany({ where })]),
      );
      return count > 0;
    },
  };
}

/**
 * One round trip where a transaction takes four. LATERAL … OFFSET 0 keeps the order: the escrow is looked up
 * after the setting was made. In the other order row-level security would hide it, and we would say "not found".
 */
function findRows(prisma: PrismaClient, tenantId: string, escrowId: string): Promise<Escrow[]> {
  return prisma.$queryRaw<Escrow[]>`
    WITH tenant AS MATERIALIZED (SELECT set_config('usher.tenant', ${tenantId}, true) AS id)
    SELECT found.* FROM tenant CROSS JOIN LATERAL (
      SELECT tenant_id AS "tenantId", escrow_id AS "escrowId", buyer_id AS "buyerId",
        seller_id AS "sellerId", status
      FROM escrows WHERE tenant_id = tenant.id AND escrow_id = ${escrowId} OFFSET 0
    ) AS found`;
}

/** Local to the transaction: a setting that stayed on the pooled connection would show this tenant to the next one. */
export function nameTenant(prisma: PrismaClient, tenantId: string) {
  return prisma.$executeRaw`SELECT set_config('usher.tenant', ${tenantId}, true)`;
}

function toEscrow({ tenantId, escrowId, buyerId, sellerId, status }: EscrowRow): Escrow {
  return { tenantId, escrowId, buyerId, sellerId, status };
}
