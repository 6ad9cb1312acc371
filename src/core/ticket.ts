import type { User } from './principal.ts';

/** What a ticket stands for: the user it was issued to, and what the chat page said the talk is about. */
export interface TicketHolder {
  readonly user: User;
  readonly entityId?: string;
  readonly entityType?: string;
  readonly providerResId?: string;
  /** When the ticket ends, in milliseconds since the epoch; never later than the token behind it. */
  readonly expiresAt: number;
}

/**
 * Keeps tickets that were not redeemed yet, by the hash of their text. All methods throw `Unavailable`.
 * Taking is atomic: of any number of takers at once, over any number of replicas, one gets the holder.
 */
export interface TicketStore {
  readonly put: (ticketHash: string, holder: TicketHolder) => Promise<void>;
  /** Removes the ticket and gives its holder; `undefined` when there is none (any more). It may have expired: look. */
  readonly take: (ticketHash: string) => Promise<TicketHolder | undefined>;
  /** Removes what expired an hour or more before `now`, and says how many those were. */
  readonly sweep: (now: number) => Promise<number>;
}
