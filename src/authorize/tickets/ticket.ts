import type { DecisionBase, RefusalCode } from '../../policy/decision.ts';
import type { User } from '../../policy/principal.ts';
import type { Secret } from '../../runtime/secret.ts';

/** What a ticket stands for: the user it was issued to, and what the chat page said the talk is about. */
export interface TicketHolder {
  readonly user: User;
  /** The key id of the chat server it was issued for: no other one may redeem it. */
  readonly serverKey: string;
  readonly entityId?: string;
  readonly entityType?: string;
  readonly providerResId?: string;
  /** When the ticket ends, in milliseconds since the epoch; never later than the token behind it. */
  readonly expiresAt: number;
}

/** A ticket that somebody presented, as the store knows it. */
export interface ConsumedTicket {
  readonly holder: TicketHolder;
  /** False when it had been presented before: whoever comes second is not let in. */
  readonly isFirstUse: boolean;
}

/**
 * Keeps tickets by the hash of their text, until an hour after they expired. All methods throw `Unavailable`.
 * Taking is atomic: of any number of takers at once, over any number of replicas, one is the first.
 */
export interface TicketStore {
  readonly put: (ticketHash: string, holder: TicketHolder) => Promise<void>;
  /** The ticket's holder; the ticket is not spent. `first` is true while it was never taken. `undefined` for an unknown ticket. */
  readonly find: (ticketHash: string) => Promise<ConsumedTicket | undefined>;
  /** Spends the ticket and gives its holder; `undefined` when there is none. It may have expired: look. */
  readonly consume: (ticketHash: string) => Promise<ConsumedTicket | undefined>;
  /** Removes tickets that expired an hour or more before `now`, and returns their number. */
  readonly deleteExpired: (now: number) => Promise<number>;
}

/** How long an expired ticket is kept, in milliseconds, so that "has expired" can be told from "never existed". */
export const ticketGraceMs = 60 * 60 * 1000;

type CredentialCode = Extract<RefusalCode, `credential-${string}`>;

/** Every reason not to issue a ticket. */
export type IssueRefusalCode =
  | CredentialCode
  | 'origin-refused'
  | 'revoked'
  | 'wrong-kind'
  | 'wrong-user'
  | 'server-key-missing'
  | 'server-key-rejected';

/** Every reason not to redeem one. */
export type RedeemRefusalCode =
  | 'revoked'
  | 'server-key-missing'
  | 'server-key-rejected'
  | 'ticket-unknown'
  | 'ticket-expired'
  | 'ticket-replayed'
  | 'ticket-of-other-server';

export type TicketRefusalCode = IssueRefusalCode | RedeemRefusalCode;

/** No ticket, or no entry with one, and why. */
export interface TicketRefusal<Code extends TicketRefusalCode> extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: Code;
}

/** A new ticket. Its text is shown once, to the page that asked, and kept nowhere. */
export interface IssuedTicket extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'issue-ticket';
  readonly principal: User;
  readonly ticket: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** A ticket that was good, and is spent. */
export interface RedeemedTicket extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'redeem-ticket';
  readonly principal: User;
  readonly holder: TicketHolder;
}

export type IssueDecision = IssuedTicket | TicketRefusal<IssueRefusalCode>;

export type RedeemDecision = RedeemedTicket | TicketRefusal<RedeemRefusalCode>;

/** No, with all that is known of the attempt. */
export function refuseTicket<Code extends TicketRefusalCode>(
  judged: DecisionBase,
  code: Code,
): TicketRefusal<Code> {
  return { ...judged, outcome: 'refusal', code };
}
