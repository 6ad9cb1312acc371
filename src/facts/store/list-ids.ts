import type { Database } from '../../database/client.ts';
import type { PrismaClient } from '../../database/generated/client.ts';
import { isStorable } from '../../database/storable-text.ts';
import type { FactLists, OpenListPage, ListCursor, listNames } from '../../policy/facts.ts';
import { nameTenant } from './escrows.ts';

type List = (typeof listNames)[number];
type Rows = readonly { readonly id: string }[];

/** Maximum number of ids of one list on a page. */
const pageSize = 200;

/** One more row than a page, to detect whether another page follows. */
const pageLimit = pageSize + 1;

/**
 * Creates the function that lists the ids of a principal's facts by page. Each list uses an index, so the size of a
 * table does not matter.
 */
export function createOpenListPage(database: Database): OpenListPage {
  return (cursor) => {
    const lastIds = new Map<List, string>();
    const requested = new Map<List, Promise<readonly string[]>>();

    /** Queries each list once, because two channel types may share it. */
    const list = (name: List, ids: readonly string[], query: (after: string) => Promise<Rows>) => {
      const page = requested.get(name) ?? read(name, ids, query);
      requested.set(name, page);
      return page;
    };
    const read = async (
      name: List,
      ids: readonly string[],
      query: (after: string) => Promise<Rows>,
    ): Promise<readonly string[]> => {
      const after = cursor === undefined ? '' : cursor[name];
      if (after === undefined || ![...ids, after].every(isStorable)) return [];
      const page = (await query(after)).map(({ id }) => id);
      const last = page[pageSize - 1];
      if (page.length > pageSize && last !== undefined) lastIds.set(name, last);
      return page.slice(0, pageSize);
    };
    const lists: FactLists = {
      escrowsOf: (tenantId, userId) =>
        list('escrows', [tenantId, userId], (after) =>
          inTenant(database, tenantId, (prisma) => escrowIds(prisma, { tenantId, userId, after })),
        ),
      roomsOfUser: (userId, tenantId = '') =>
        list('rooms', [userId, tenantId], (after) =>
          inTenant(database, tenantId, (prisma) => roomIds(prisma, { userId, after })),
        ),
      roomsOfSession: (sessionId) =>
        list('opened', [sessionId], async (after) => {
          const [, rows] = await database.query((prisma) =>
            prisma.$transaction([
              prisma.$executeRaw`SELECT set_config('usher.guest_session', ${sessionId}, true)`,
              prisma.$queryRaw<Rows>`
                SELECT room_id AS id FROM rooms
                WHERE guest_session_id = ${sessionId} AND room_id > ${after}
                ORDER BY room_id LIMIT ${pageLimit}`,
            ]),
          );
          return rows;
        }),
      ordersOf: (ownerId) =>
        list('orders', [ownerId], (after) =>
          database.query(
            (prisma) => prisma.$queryRaw<Rows>`
              SELECT order_id AS id FROM orders WHERE owner_id = ${ownerId} AND order_id > ${after}
              ORDER BY order_id LIMIT ${pageLimit}`,
          ),
        ),
    };
    return { lists, next: () => (lastIds.size === 0 ? undefined : cursorOf(lastIds)) };
  };
}

function cursorOf(ends: ReadonlyMap<List, string>): ListCursor {
  return Object.fromEntries(ends);
}

async function inTenant(
  database: Database,
  tenantId: string,
  query: (prisma: PrismaClient) => ReturnType<typeof escrowIds>,
): Promise<Rows> {
  const [, rows] = await database.query((prisma) =>
    prisma.$transaction([nameTenant(prisma, tenantId), query(prisma)]),
  );
  return rows;
}

/** Two ranges of two indexes: for `buyer_id = … OR seller_id = …` PostgreSQL would read all escrows of the tenant. */
function escrowIds(
  prisma: PrismaClient,
  { tenantId, userId, after }: { tenantId: string; userId: string; after: string },
) {
  return prisma.$queryRaw<Rows>`
    SELECT id FROM (
      (SELECT escrow_id AS id FROM escrows
        WHERE tenant_id = ${tenantId} AND buyer_id = ${userId} AND escrow_id > ${after}
        ORDER BY escrow_id LIMIT ${pageLimit})
      UNION
      (SELECT escrow_id AS id FROM escrows
        WHERE tenant_id = ${tenantId} AND seller_id = ${userId} AND escrow_id > ${after}
        ORDER BY escrow_id LIMIT ${pageLimit})
    ) AS own ORDER BY id LIMIT ${pageLimit}`;
}

/**
 * If the host replaced `rooms` with a view, no trigger fills `room_participants`, so the query also reads the
 * participants of the view.
 */
function roomIds(prisma: PrismaClient, { userId, after }: { userId: string; after: string }) {
  return prisma.$queryRaw<Rows>`
    SELECT id FROM (
      (SELECT room_id AS id FROM room_participants WHERE user_id = ${userId} AND room_id > ${after}
        ORDER BY room_id LIMIT ${pageLimit})
      UNION
      (SELECT r.room_id AS id FROM guest_sessions s JOIN rooms r ON r.guest_session_id = s.session_id
        WHERE s.linked_user_id = ${userId} AND r.room_id > ${after}
        ORDER BY r.room_id LIMIT ${pageLimit})
      UNION
      (SELECT room_id AS id FROM rooms
        WHERE (SELECT relkind <> 'r' FROM pg_class WHERE oid = 'rooms'::regclass)
          AND participants @> ARRAY[${userId}] AND room_id > ${after}
        ORDER BY room_id LIMIT ${pageLimit})
    ) AS own ORDER BY id LIMIT ${pageLimit}`;
}
