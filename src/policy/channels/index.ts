import { createChannelRegistry } from '../channel-registry.ts';
import { escrow, escrowChat } from './escrow.ts';
import { guestChat } from './guest-chat.ts';
import { room } from './room.ts';
import { adminChannel, announcements, tenantAnnouncements, userChannel } from './tenant.ts';
import { chatBox, payment, seatStatus } from './theatre.ts';

/** All channel types. A name that matches none of them is refused. */
export const channelRegistry = createChannelRegistry([
  guestChat,
  escrow,
  escrowChat,
  userChannel,
  adminChannel,
  tenantAnnouncements,
  announcements,
  room,
  seatStatus,
  chatBox,
  payment,
]);
