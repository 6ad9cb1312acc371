import type { ChannelFigures, ChannelPlace, WebhookEvent } from '../../pusher/webhooks/webhook.ts';
import { createWindows } from '../../rate-limit/fixed-window.ts';

/** How many channels of a tenant are occupied, and how many members its presence channels show. */
export interface Occupancy {
  readonly channels: number;
  readonly members: number;
}

/** What the Pusher servers told, in figures. */
export interface Figures extends ChannelFigures {
  /** By tenant; `undefined` stands for the channels that have none. */
  readonly occupancy: () => ReadonlyMap<string | undefined, Occupancy>;
}

/** What figures need. */
export interface FiguresPorts {
  /** Messages that one user may send in a minute before that is a signal. */
  readonly mostMessages: number;
  /** Told of each message. */
  readonly onMessage: (tenantId: string | undefined) => void;
  readonly now: () => number;
}

/** Channels that are followed at once; a larger app still has figures, which then stop growing. */
const mostChannels = 100_000;

/** Pusher takes no more than a hundred members into a channel. */
const mostMembers = 100;

interface Occupied {
  readonly tenantId: string | undefined;
  readonly members: Set<string>;
}

/** Creates the figures of this process. They begin empty, and get right as channels empty and fill. */
export function createFigures({ mostMessages, onMessage, now }: FiguresPorts): Figures {
  const channels = new Map<string, Occupied>();
  const messages = createWindows(mostMessages);

  const channelOf = (key: string, { tenantId }: ChannelPlace): Occupied | undefined => {
    const known = channels.get(key);
    if (known !== undefined || channels.size >= mostChannels) return known;
    const channel: Occupied = { tenantId, members: new Set() };
    channels.set(key, channel);
    return channel;
  };

  const count: ChannelFigures['count'] = (event, place) => {
    const key = `${place.appKey} ${event.channel}`;
    switch (event.name) {
      case 'channel_occupied':
        channelOf(key, place);
        return;
      case 'channel_vacated':
        channels.delete(key);
        return;
      case 'member_added': {
        // Webhooks overtake each other: this one may come before the channel's own.
        const members = channelOf(key, place)?.members;
        if (members && members.size < mostMembers) members.add(event.userId);
        return;
      }
      case 'member_removed':
        channels.get(key)?.members.delete(event.userId);
        return;
      case 'client_event':
        onMessage(place.tenantId);
    }
  };
  const exceeds: ChannelFigures['exceeds'] = (event, place) => {
    const sender = senderOf(event, place);
    return sender !== undefined && messages.exceeds(sender, now());
  };
  const takeBack: ChannelFigures['takeBack'] = (event, place, isOnRecord) => {
    const sender = senderOf(event, place);
    if (sender !== undefined) messages.takeBack(sender, isOnRecord);
  };
  return { count, exceeds, takeBack, occupancy: () => summed(channels.values()) };
}

/** The sender of a message; `undefined` for an event that is not a message. */
function senderOf(event: WebhookEvent, { appKey }: ChannelPlace): string | undefined {
  if (event.name !== 'client_event') return undefined;
  const { userId, socketId } = event;
  // On a private channel Pusher does not say who it was, only which connection.
  return JSON.stringify([appKey, userId === undefined ? { socketId } : userId]);
}

function summed(channels: Iterable<Occupied>): ReadonlyMap<string | undefined, Occupancy> {
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
