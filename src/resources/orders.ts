import type { Orders } from '../core/resources.ts';
import type { Database } from './client.ts';
import { assertStorable, isStorable } from './text.ts';

/** The orders in this database. */
export function createOrders(database: Database): Orders {
  return {
    async find(orderId) {
      if (!isStorable(orderId)) return undefined;
      const row = await database.ask((prisma) => prisma.order.findUnique({ where: { orderId } }));
      return row === null ? undefined : { orderId: row.orderId, ownerId: row.ownerId };
    },

    async put({ orderId, ownerId }) {
      assertStorable({ orderId, ownerId });
      await database.ask((prisma) =>
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
      const { count } = await database.ask((prisma) =>
        prisma.order.deleteMany({ where: { orderId } }),
      );
      return count > 0;
    },
  };
}
