import type { DecisionBase, OwnRefusalCode } from '../../policy/decision.ts';
import type { Principal } from '../../policy/principal.ts';
import { Secret } from '../../runtime/secret.ts';
import { createHash } from 'node:crypto';

const prefix = 'ws_ticket_';

export const ticketBytes = 32;

/** Formats 32 random bytes as `ws_ticket_` and 64 hexadecimal digits. Throws a `RangeError` for any other number of bytes. */
export function formatTicket(random: Uint8Array): Secret {
  if (random.length !== ticketBytes) throw new RangeError(`A ticket has ${ticketBytes} bytes`);
  return new Secret(prefix + Buffer.from(random).toString('hex'));
}

/** Returns `undefined` for an invalid text. Digits are lower case, so that each ticket has only one text. */
export function parseTicket(text: string): Secret | undefined {
  // In JavaScript `$` without the m flag matches only at the end, so a trailing newline is refused.
  return /^ws_ticket_[0-9a-f]{64}$/.test(text) ? new Secret(text) : undefined;
}

/** The SHA-256 hash of a ticket in hex, which is stored in its place. With 256 random bits the text cannot be found by search. */
export function hashTicket(ticket: Secret): string {
  return createHash('sha256').update(ticket.reveal()).digest('hex');
}

/** The user of a ticket, and the subject of the conversation. */
export interface TicketHolder {
  readonly user: Principal;
  /** The key id of the only chat server that may redeem the ticket. */
  readonly serverKey: string;
  readonly entityId?: string;
  readonly entityType?: string;
  readonly providerResId?: string;
  /** Never later than the expiry of the token. */
  readonly expiresAt: number;
}

export interface ConsumedTicket {
  readonly holder: TicketHolder;
  /** False if the ticket was redeemed before: then it is refused. */
  readonly isFirstUse: boolean;
}

/**
 * Stores tickets by the hash of their text, until an hour after their expiry. All methods throw `Unavailable`.
 * `consume` is atomic: among concurrent calls, on any number of replicas, only one is the first use.
 */
export interface TicketStore {
  readonly put: (ticketHash: string, holder: TicketHolder) => Promise<void>;
  /** Finds a ticket without redeeming it; `undefined` for an unknown ticket. */
  readonly find: (ticketHash: string) => Promise<ConsumedTicket | undefined>;
  /** Redeems a ticket, which may have expired; `undefined` for an unknown ticket. */
  readonly consume: (ticketHash: string) => Promise<ConsumedTicket | undefined>;
  /** Removes tickets that expired an hour or more before `now`, and returns their number. */
  readonly deleteExpired: (now: number) => Promise<number>;
}

/** Expired tickets are stored for this time, to distinguish them from unknown tickets. */
export const ticketGraceMs = 60 * 60 * 1000;

type CredentialCode = Extract<OwnRefusalCode, `credential-${string}`>;

export type IssueRefusalCode =
  | CredentialCode
  | 'origin-refused'
  | 'revoked'
  | 'wrong-kind'
  | 'wrong-user'
  | 'server-key-missing'
  | 'server-key-rejected';

export type RedeemRefusalCode =
  | 'revoked'
  | 'server-key-missing'
  | 'server-key-rejected'
  | 'ticket-unknown'
  | 'ticket-expired'
  | 'ticket-replayed'
  | 'ticket-of-other-server';

export type TicketRefusalCode = IssueRefusalCode | RedeemRefusalCode;

interface TicketRefusal<Code extends TicketRefusalCode> extends DecisionBase {
  readonly outcome: 'refusal';
  readonly code: Code;
}

/** A new ticket. Only the response has its text; it is not stored. */
export interface IssuedTicket extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'issue-ticket';
  readonly principal: Principal;
  readonly ticket: Secret;
  readonly expiresAt: number;
}

interface RedeemedTicket extends DecisionBase {
  readonly outcome: 'grant';
  readonly action: 'redeem-ticket';
  readonly principal: Principal;
  readonly holder: TicketHolder;
}

export type IssueDecision = IssuedTicket | TicketRefusal<IssueRefusalCode>;

export type RedeemDecision = RedeemedTicket | TicketRefusal<RedeemRefusalCode>;

export function refuseTicket<Code extends TicketRefusalCode>(
  base: DecisionBase,
  code: Code,
): TicketRefusal<Code> {
  return { ...base, outcome: 'refusal', code };
}
