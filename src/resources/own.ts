import type { FindOwn } from '../core/facts.ts';
import type { Database } from './client.ts';
import { nameTenant } from './escrows.ts';
import { isStorable } from './text.ts';

/** More than a page of a client shows; a list is not an export. */
const mostListed = 200;

/** Finds what is a principal's own, the latest first. */
export function createFindOwn(database: Database): FindOwn {
  const list = async (
    ids: readonly string[],
    query: () => Promise<readonly { readonly id: string }[]>,
  ): Promise<readonly string[]> =>
    ids.every(isStorable) ? (await query()).map(({ id }) => id) : [];

  return {
    escrowsOf: (tenantId, userId) =>
      list([tenantId, userId], async () => {
        const [, rows] = await database.ask((prisma) =>
          prisma.$transaction([
            nameTenant(prisma, tenantId),
            prisma.$queryRaw<{ id: string }[]>`
              SELECT escrow_id AS id FROM escrows
              WHERE tenant_id = ${tenantId} AND (buyer_id = ${userId} OR seller_id = ${userId})
              ORDER BY updated_at DESC LIMIT ${mostListed}`,
          ]),
        );
        return rows;
      }),

    roomsOfUser: (userId) =>
      list([userId], () =>
        database.ask(
          (prisma) => prisma.$queryRaw<{ id: string }[]>`
            SELECT r.room_id AS id FROM rooms r
            LEFT JOIN guest_sessions s ON s.session_id = r.guest_session_id
            WHERE r.participants @> ARRAY[${userId}] OR s.linked_user_id = ${userId}
            ORDER BY r.updated_at DESC LIMIT ${mostListed}`,
        ),
      ),

    roomsOfSession: (sessionId) =>
      list([sessionId], () =>
        database.ask(
          (prisma) => prisma.$queryRaw<{ id: string }[]>`
            SELECT room_id AS id FROM rooms WHERE guest_session_id = ${sessionId}
            ORDER BY updated_at DESC LIMIT ${mostListed}`,
        ),
      ),

    ordersOf: (ownerId) =>
      list([ownerId], () =>
        database.ask(
          (prisma) => prisma.$queryRaw<{ id: string }[]>`
            SELECT order_id AS id FROM orders WHERE owner_id = ${ownerId}
            ORDER BY updated_at DESC LIMIT ${mostListed}`,
        ),
      ),
  };
}
