import { createHash } from 'node:crypto';
import { Secret } from '../../runtime/secret.ts';

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
