import { check } from '../core/decision.ts';
import { defineChannel } from '../core/define-channel.ts';
import type { Room } from '../core/facts.ts';
import { roomId } from './params.ts';
import { shown, shownUser } from './shown.ts';
import { isAdmin } from './tenant.ts';

/** A user takes part who is named, or to whom the guest session that opened the room was linked at login. */
const takesPart = (userId: string | undefined, room: Room | undefined): boolean =>
  userId !== undefined &&
  (room?.participants.includes(userId) === true || room?.guestSession?.linkedUserId === userId);

const asParams = (roomIds: readonly string[]) => roomIds.map((roomId) => ({ roomId }));

/** A room that users, and guests who may log in later, chat in. */
export const room = defineChannel('private-room-{roomId}', {
  about:
    'its participants; an admin; the guest session that opened it, and the user it was linked to',
  denied: 'Access denied to this room',
  also: ['presence'],
  params: { roomId },
  own: {
    user: async ({ userId }, find) => asParams(await find.roomsOfUser(userId)),
    'guest-session': async ({ sessionId, linkedUserId }, find) => {
      const opened = await find.roomsOfSession(sessionId);
      const joined = linkedUserId === undefined ? [] : await find.roomsOfUser(linkedUserId);
      return asParams([...new Set([...opened, ...joined])]);
    },
  },
  load: ({ roomId }, find) => find.room(roomId),
  rules: {
    user: (user, _params, { fact: room }) => [
      check('user takes part or is an admin', takesPart(user.userId, room) || isAdmin(user)),
    ],
    'guest-session': (session, _params, { fact: room }) => [
      check(
        'session opened the room, or is linked to a user who takes part',
        room?.guestSession?.sessionId === session.sessionId ||
          takesPart(session.linkedUserId, room),
      ),
    ],
  },
  member: {
    user: shownUser,
    // Whoever was linked is shown as the user, so that two tabs of one person are one member.
    'guest-session': ({ sessionId, linkedUserId }) =>
      linkedUserId === undefined
        ? shown(`guest_${sessionId}`, 'Guest')
        : shown(linkedUserId, undefined),
  },
});
