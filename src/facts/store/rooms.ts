import { requests, createBatchedLookup, type BatchedRow } from '../../database/batched-lookup.ts';
import type { Database } from '../../database/client.ts';
import type { Prisma, PrismaClient } from '../../database/generated/client.ts';
import { actAsOperator } from '../../database/row-level-security/operator.ts';
import { assertStorable, isStorable } from '../../database/storable-text.ts';
import type { Room, RoomViewer } from '../../policy/facts.ts';
import type { Rooms } from '../fact-store.ts';

interface RoomRow extends BatchedRow {
  readonly roomId: string;
  readonly tenantId: string | null;
  readonly participants: readonly string[];
  readonly guestSessionId: string | null;
  readonly linkedUserId: string | null;
}

/** The store of rooms, with a lookup that returns a room only if this viewer may see it. */
export interface RoomStore extends Rooms {
  readonly findFor: (roomId: string, viewer?: RoomViewer) => Promise<Room | undefined>;
}

/**
 * Stores the rooms in this database. Each room includes the user that its guest session was linked to. The operator
 * sees the rooms of all tenants.
 */
export function createRooms(database: Database): RoomStore {
  const lookUp = createBatchedLookup<RoomRow>(database, { name: 'usher_room', text: findRooms });
  const findWithSettings = async (...texts: readonly string[]): Promise<Room | undefined> => {
    if (!texts.every(isStorable)) return undefined;
    const row = await lookUp(texts);
    return row === undefined ? undefined : toRoom(row);
  };
  const find = (roomId: string) => findWithSettings(roomId, '', '', 'on');
  return {
    find,

    // In row-level security '' matches no row.
    findFor: (roomId, { tenantId = '', sessionId = '' } = {}) =>
      findWithSettings(roomId, tenantId, sessionId, 'off'),

    async put(room) {
      const { roomId, tenantId, participants, guestSession } = room;
      const sessionId = guestSession?.sessionId;
      assertStorable({ roomId, tenantId, participants: participants.join(''), sessionId });
      if (tenantId === '') throw new RangeError('tenantId is empty');
      const facts = {
        tenantId: tenantId ?? null,
        participants: [...participants],
        guestSessionId: sessionId ?? null,
      };
      const where = { roomId };
      await database.query((prisma) =>
        asOperator(
          prisma,
          prisma.room.upsert({ where, create: { roomId, ...facts }, update: facts }),
        ),
      );
      return (await find(roomId)) ?? room;
    },

    async remove(roomId) {
      if (!isStorable(roomId)) return false;
      const [, { count }] = await database.query((prisma) =>
        asOperator(prisma, prisma.room.deleteMany({ where: { roomId } })),
      );
      return count > 0;
    },
  };
}

/** The operator's routes for rooms have no tenant. */
const asOperator = <Result>(prisma: PrismaClient, query: Prisma.PrismaPromise<Result>) =>
  prisma.$transaction([actAsOperator(prisma), query]);

/**
 * One statement, so that the room and the link are from the same snapshot. As for escrows, LATERAL … OFFSET 0 fixes the
 * order: the settings of the viewer are made before the room is looked up. `tenant_id` and `linked_tenant_id` have no
 * table prefix, so that they resolve to the NULL of `fallback` if a host's view lacks the column. If a session was
 * linked in another tenant, its user is a different user and is omitted.
 */
const findRooms = `
  SELECT asked.place, found.*
  FROM ${requests} CROSS JOIN LATERAL (
    SELECT set_config('usher.tenant', asked.second, true) AS tenant,
      set_config('usher.guest_session', asked.third, true) AS session,
      set_config('usher.operator', asked.fourth, true) AS operator OFFSET 0
  ) AS viewer CROSS JOIN (SELECT NULL::text AS tenant_id, NULL::text AS linked_tenant_id) AS fallback CROSS JOIN LATERAL (
    SELECT r.room_id AS "roomId", tenant_id AS "tenantId", r.participants,
      r.guest_session_id AS "guestSessionId", s.linked_user_id AS "linkedUserId"
    FROM rooms r LEFT JOIN guest_sessions s ON s.session_id = r.guest_session_id
      AND (tenant_id IS NULL OR tenant_id = linked_tenant_id)
    WHERE r.room_id = asked.first
      AND viewer.tenant || viewer.session || viewer.operator IS NOT NULL OFFSET 0
  ) AS found`;

function toRoom({ roomId, tenantId, participants, guestSessionId, linkedUserId }: RoomRow): Room {
  return {
    roomId,
    ...(tenantId !== null && { tenantId }),
    participants,
    ...(guestSessionId !== null && {
      guestSession: {
        sessionId: guestSessionId,
        ...(linkedUserId !== null && { linkedUserId }),
      },
    }),
  };
}
