/** A webhook request: its headers and the signed bytes. */
export interface SignedBody {
  readonly key: string | undefined;
  readonly signature: string | undefined;
  readonly body: Buffer;
}

/** The supported events, with Pusher's names. */
export type WebhookEvent =
  | { readonly name: 'channel_occupied' | 'channel_vacated'; readonly channel: string }
  | {
      readonly name: 'member_added' | 'member_removed';
      readonly channel: string;
      readonly userId: string;
    }
  | {
      readonly name: 'client_event';
      readonly channel: string;
      /** Only on presence channels. */
      readonly userId?: string;
      readonly socketId?: string;
    };

/** A verified webhook. */
export interface Webhook {
  /** The current key of the app, also if the webhook was signed with the retiring one. */
  readonly appKey: string;
  /** The time of the first delivery, in milliseconds since the epoch. */
  readonly at: number;
  readonly events: readonly WebhookEvent[];
}

export type ReadWebhook = (signed: SignedBody) => Webhook | 'forged' | 'malformed';

/** The Pusher app and the tenant of a channel. */
export interface ChannelOwner {
  readonly appKey: string;
  readonly tenantId?: string;
}

/** Statistics of channel events. */
export interface ChannelEvents {
  /** Counts an event against its sender's limit per minute; true for the first event over the limit. */
  readonly exceeds: (event: WebhookEvent, owner: ChannelOwner) => boolean;
  /** Undoes `exceeds` for an event that is not counted. Without `isWritten`, the next event over the limit is the first again. */
  readonly undo: (event: WebhookEvent, owner: ChannelOwner, isWritten: boolean) => void;
  readonly count: (event: WebhookEvent, owner: ChannelOwner) => void;
}
