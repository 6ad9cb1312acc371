import type { Room } from '../core/facts.ts';
import type { Rooms } from '../core/resources.ts';
import type { Database } from './client.ts';
import { asked, createLookup, type Placed } from './lookup.ts';
import { assertStorable, isStorable } from './text.ts';

interface RoomRow extends Placed {
  readonly roomId: string;
  readonly participants: readonly string[];
  readonly guestSessionId: string | null;
  readonly linkedUserId: string | null;
}

/** The rooms in this database, each with the user that its guest session was linked to. */
export function createRooms(database: Database): Rooms {
  const lookUp = createLookup<RoomRow>(database, { name: 'usher_room', text: findRooms });
  const find = async (roomId: string): Promise<Room | undefined> => {
    if (!isStorable(roomId)) return undefined;
    const row = await lookUp([roomId]);
    return row === undefined ? undefined : toRoom(row);
  };
  return {
    find,

    async put(room) {
      const { roomId, participants, guestSession } = room;
      assertStorable({ roomId, participants: participants.join(''), id: guestSession?.sessionId });
      const facts = {
        participants: [...participants],
        guestSessionId: guestSession?.sessionId ?? null,
      };
      await database.ask((prisma) =>
        prisma.room.upsert({ where: { roomId }, create: { roomId, ...facts }, update: facts }),
      );
      return (await find(roomId)) ?? room;
    },

    async remove(roomId) {
      if (!isStorable(roomId)) return false;
      const { count } = await database.ask((prisma) =>
        prisma.room.deleteMany({ where: { roomId } }),
      );
      return count > 0;
    },
  };
}

/** One statement: the link must be as fresh as the room. */
const findRooms = `
  SELECT asked.place, found.*
  FROM ${asked} CROSS JOIN LATERAL (
    SELECT r.room_id AS "roomId", r.participants, r.guest_session_id AS "guestSessionId",
      s.linked_user_id AS "linkedUserId"
    FROM rooms r LEFT JOIN guest_sessions s ON s.session_id = r.guest_session_id
    WHERE r.room_id = asked.first OFFSET 0
  ) AS found`;

function toRoom({ roomId, participants, guestSessionId, linkedUserId }: RoomRow): Room {
  return {
    roomId,
    participants,
    ...(guestSessionId !== null && {
      guestSession: {
        sessionId: guestSessionId,
        ...(linkedUserId !== null && { linkedUserId }),
      },
    }),
  };
}
