import type { ChannelEvents, ChannelOwner, WebhookEvent } from '../../pusher/webhooks/webhook.ts';
import { createFixedWindow } from '../../rate-limit/fixed-window.ts';

/** The number of occupied channels of a tenant, and of members in its presence channels. */
export interface Occupancy {
  readonly channels: number;
  readonly members: number;
}

/** Statistics from the webhooks of Pusher servers. */
interface ChannelStats extends ChannelEvents {
  /** By tenant; the key of channels without a tenant is `undefined`. */
  readonly occupancy: () => ReadonlyMap<string | undefined, Occupancy>;
}

interface ChannelStatsDeps {
  /** The limit of messages per user and minute; more are a security event. */
  readonly maxMessages: number;
  /** Called for each message. */
  readonly onMessage: (tenantId: string | undefined) => void;
  readonly now: () => number;
}

/** Bounds the memory; over this limit, further channels are not counted. */
const maxChannels = 100_000;

/** Pusher's limit of members per channel. */
const maxMembers = 100;

interface ChannelState {
  readonly tenantId: string | undefined;
  readonly members: Set<string>;
}

/** The statistics of this process. They start empty, and become exact as channels are vacated and occupied. */
export function createChannelStats({
  maxMessages,
  onMessage,
  now,
}: ChannelStatsDeps): ChannelStats {
  const channels = new Map<string, ChannelState>();
  const messages = createFixedWindow(maxMessages);

  const channelOf = (key: string, { tenantId }: ChannelOwner): ChannelState | undefined => {
    const existing = channels.get(key);
    if (existing !== undefined || channels.size >= maxChannels) return existing;
    const channel: ChannelState = { tenantId, members: new Set() };
    channels.set(key, channel);
    return channel;
  };

  const count: ChannelEvents['count'] = (event, owner) => {
    const key = `${owner.appKey} ${event.channel}`;
    switch (event.name) {
      case 'channel_occupied':
        channelOf(key, owner);
        return;
      case 'channel_vacated':
        channels.delete(key);
        return;
      case 'member_added': {
        // Webhooks may arrive out of order: this one before the `channel_occupied` of its channel.
        const members = channelOf(key, owner)?.members;
        if (members && members.size < maxMembers) members.add(event.userId);
        return;
      }
      case 'member_removed':
        channels.get(key)?.members.delete(event.userId);
        return;
      case 'client_event':
        onMessage(owner.tenantId);
    }
  };
  const exceeds: ChannelEvents['exceeds'] = (event, owner) => {
    const sender = senderOf(event, owner);
    return sender !== undefined && messages.exceeds(sender, now());
  };
  const undo: ChannelEvents['undo'] = (event, owner, isWritten) => {
    const sender = senderOf(event, owner);
    if (sender !== undefined) messages.undo(sender, isWritten);
  };
  return { count, exceeds, undo, occupancy: () => occupancyByTenant(channels.values()) };
}

/** The sender of a message; `undefined` for an event that is not a message. */
function senderOf(event: WebhookEvent, { appKey }: ChannelOwner): string | undefined {
  if (event.name !== 'client_event') return undefined;
  const { userId, socketId } = event;
  // On a private channel Pusher sends no user id, only the socket id.
  return JSON.stringify([appKey, userId === undefined ? { socketId } : userId]);
}

function occupancyByTenant(
  channels: Iterable<ChannelState>,
): ReadonlyMap<string | undefined, Occupancy> {
  const sums = new Map<string | undefined, Occupancy>();
  for (const { tenantId, members } of channels) {
    const sum = sums.get(tenantId) ?? { channels: 0, members: 0 };
    sums.set(tenantId, {
      channels: sum.channels + 1,
      members: sum.members + members.size,
    });
  }
  return sums;
}
