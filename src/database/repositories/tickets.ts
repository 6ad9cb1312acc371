import {
  ticketGraceMs,
  type TicketHolder,
  type TicketStore,
} from '../../authorize/tickets/ticket.ts';
import type { Database } from '../client.ts';

interface TicketRow {
  readonly holder: TicketHolder;
  readonly takes: number;
}

/**
 * Stores tickets in this database, never in Redis: a Redis restored from an older snapshot would accept a spent ticket
 * again.
 */
export function createTickets(database: Database): TicketStore {
  return {
    async put(ticketHash, holder) {
      const [facts, expiresAt] = [JSON.stringify(holder), new Date(holder.expiresAt).toISOString()];
      await database.query(
        (prisma) => prisma.$executeRaw`
          INSERT INTO tickets (ticket_hash, holder, expires_at)
          VALUES (${ticketHash}, ${facts}::jsonb, ${expiresAt}::timestamptz)`,
      );
    },

    async find(ticketHash) {
      const [row] = await database.query(
        (prisma) => prisma.$queryRaw<TicketRow[]>`
          SELECT holder, takes FROM tickets WHERE ticket_hash = ${ticketHash}`,
      );
      return row && { holder: row.holder, isFirstUse: row.takes === 0 };
    },

    async consume(ticketHash) {
      // One statement: concurrent requests wait for each other's row lock, and each gets its own count.
      const [row] = await database.query(
        (prisma) => prisma.$queryRaw<TicketRow[]>`
          UPDATE tickets SET takes = takes + 1 WHERE ticket_hash = ${ticketHash}
          RETURNING holder, takes`,
      );
      return row && { holder: row.holder, isFirstUse: row.takes === 1 };
    },

    async deleteExpired(now) {
      const oldest = new Date(now - ticketGraceMs);
      const where = { expiresAt: { lte: oldest } };
      const { count } = await database.query((prisma) => prisma.ticket.deleteMany({ where }));
      return count;
    },
  };
}
