import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import type { Room, RoomViewer } from '../facts.ts';
import type { GuestSession, Principal, User } from '../principal.ts';
import { roomId } from './params.ts';
import { presenceMember, presenceMemberOfUser } from './presence-member.ts';
import { isAdmin } from './tenant.ts';

/** A listed participant, or the user to whom the guest session that opened the room is linked. */
const isParticipant = (userId: string | undefined, room: Room | undefined): boolean =>
  userId !== undefined &&
  (room?.participants.includes(userId) === true || room?.guestSession?.linkedUserId === userId);

/** Ids are unique within a tenant: user 15 of another tenant is a different user. */
const isInTenant = (room: Room | undefined, tenantId: string | undefined): boolean =>
  room?.tenantId === undefined || room.tenantId === tenantId;

/** The admin's tenant and the room's tenant are the same, or both have none. */
const isAdminOf = (user: User, room: Room | undefined): boolean =>
  isAdmin(user) && user.tenantId === room?.tenantId;

const hasOpened = (session: GuestSession, room: Room | undefined): boolean =>
  room?.guestSession?.sessionId === session.sessionId;

const isLinkedToParticipant = (session: GuestSession, room: Room | undefined): boolean =>
  isInTenant(room, session.linkedTenantId) && isParticipant(session.linkedUserId, room);

const viewerOf = (principal: Principal): RoomViewer => {
  if (principal.kind === 'user') return { tenantId: principal.tenantId };
  if (principal.kind !== 'guest-session') return {};
  return { tenantId: principal.linkedTenantId, sessionId: principal.sessionId };
};

const asParams = (roomIds: readonly string[]) => roomIds.map((roomId) => ({ roomId }));

/** A chat room of users and of guests who may log in later. */
export const room = defineChannel('private-room-{roomId}', {
  about:
    'its participants; admins of its tenant; the guest session that opened it; the user linked to that session',
  denied: 'Access denied to this room',
  forms: ['presence'],
  params: { roomId },
  list: {
    user: async ({ userId, tenantId }, facts) =>
      asParams(await facts.roomsOfUser(userId, tenantId)),
    'guest-session': async ({ sessionId, linkedUserId, linkedTenantId }, facts) => {
      const [opened, joined] = await Promise.all([
        facts.roomsOfSession(sessionId),
        linkedUserId === undefined ? [] : facts.roomsOfUser(linkedUserId, linkedTenantId),
      ]);
      return asParams([...new Set([...opened, ...joined])]);
    },
  },
  load: ({ roomId }, facts, principal) => facts.room(roomId, viewerOf(principal)),
  tenantOf: (room) => room.tenantId,
  rules: {
    user: (user, _params, { fact: room }) => [
      check('room is of the user’s tenant, or of none', isInTenant(room, user.tenantId)),
      check(
        'user is a participant, or an admin of the room’s tenant',
        isParticipant(user.userId, room) || isAdminOf(user, room),
      ),
    ],
    'guest-session': (session, _params, { fact: room }) => [
      check(
        'session opened the room, or is linked to a participant',
        hasOpened(session, room) || isLinkedToParticipant(session, room),
      ),
    ],
  },
  member: {
    user: presenceMemberOfUser,
    // A linked session has the id of the user, so that two tabs of one person are one member.
    'guest-session': ({ sessionId, linkedUserId }) =>
      linkedUserId === undefined
        ? presenceMember(`guest_${sessionId}`, 'Guest')
        : presenceMember(linkedUserId, undefined),
  },
});
