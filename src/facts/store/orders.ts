import { requests, createBatchedLookup, type BatchedRow } from '../../database/batched-lookup.ts';
import type { Database } from '../../database/client.ts';
import { assertStorable, isStorable } from '../../database/storable-text.ts';
import type { Orders } from '../fact-store.ts';

export function createOrders(database: Database): Orders {
  const lookUp = createBatchedLookup<BatchedRow & { readonly ownerId: string }>(database, {
    name: 'usher_order',
    text: findOrders,
  });
  return {
    async find(orderId) {
      if (!isStorable(orderId)) return undefined;
      const row = await lookUp([orderId]);
      return row && { orderId, ownerId: row.ownerId };
    },

    async put({ orderId, ownerId }) {
      assertStorable({ orderId, ownerId });
      await database.query((prisma) =>
        prisma.order.upsert({
          where: { orderId },
          create: { orderId, ownerId },
          update: { ownerId },
        }),
      );
      return { orderId, ownerId };
    },

    async remove(orderId) {
      if (!isStorable(orderId)) return false;
      const { count } = await database.query((prisma) =>
        prisma.order.deleteMany({ where: { orderId } }),
      );
      return count > 0;
    },
  };
}

const findOrders = `
  SELECT asked.place, found.owner_id AS "ownerId"
  FROM ${requests} CROSS JOIN LATERAL (
    SELECT owner_id FROM orders WHERE order_id = asked.first OFFSET 0
  ) AS found`;
