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
      const values = [String(now - ticketGraceMs)];
      const [row] = await database.execute({ name: 'usher_old_tickets', text: deleteOld, values });
      return (row as { readonly count: number }).count;
    },
  };
}

const deleteOld = `
  WITH deleted AS (DELETE FROM tickets WHERE expires_at <= to_timestamp($1::float8 / 1000) RETURNING 1)
  SELECT count(*)::int AS count FROM deleted`;
