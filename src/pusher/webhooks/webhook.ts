/** A request of a Pusher server as it came: headers that may be missing, and the bytes that were signed. */
export interface SignedBody {
  readonly key: string | undefined;
  readonly signature: string | undefined;
  readonly body: Buffer;
}

/** What a Pusher server tells us of, by Pusher's own names; what it tells beside that is left out. */
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
      /** Known on presence channels only. */
      readonly userId?: string;
      readonly socketId?: string;
    };

/** A webhook whose signature was good. */
export interface Webhook {
  /** The key by which its app signs now, also where the webhook was signed with the one that is retiring. */
  readonly appKey: string;
  /** When the server sent it first, in milliseconds since the epoch. */
  readonly at: number;
  readonly events: readonly WebhookEvent[];
}

/** Checks the signature of a webhook, then reads it. */
export type ReadWebhook = (signed: SignedBody) => Webhook | 'forged' | 'malformed';

/** Where something happened: the Pusher app, by its key, and the tenant where the channel has one. */
export interface ChannelOwner {
  readonly appKey: string;
  readonly tenantId?: string;
}

/** The figures of what happens in channels. */
export interface ChannelEvents {
  /** Counts an event against what its sender may send in a minute; true for the first above that. */
  readonly exceeds: (event: WebhookEvent, owner: ChannelOwner) => boolean;
  /** Undoes `exceeds` for an event that is not counted; without a record of the excess, the next event is the first above. */
  readonly undo: (event: WebhookEvent, owner: ChannelOwner, isWritten: boolean) => void;
  readonly count: (event: WebhookEvent, owner: ChannelOwner) => void;
}
