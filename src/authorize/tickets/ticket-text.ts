import { createHash } from 'node:crypto';
import { Secret } from '../../runtime/secret.ts';

const prefix = 'ws_ticket_';

/** How many random bytes a ticket has. */
export const ticketBytes = 32;

/** Writes 32 random bytes as a ticket: `ws_ticket_` and 64 hexadecimal digits. Throws a `RangeError` for any other number of bytes. */
export function formatTicket(random: Uint8Array): Secret {
  if (random.length !== ticketBytes) throw new RangeError(`A ticket has ${ticketBytes} bytes`);
  return new Secret(prefix + Buffer.from(random).toString('hex'));
}

/** Reads what was presented as a ticket; `undefined` when it is none. One ticket has one spelling: digits are lower case. */
export function parseTicket(text: string): Secret | undefined {
  // In JavaScript `$` without the m flag matches only at the very end, so a trailing newline is refused.
  return /^ws_ticket_[0-9a-f]{64}$/.test(text) ? new Secret(text) : undefined;
}

/** The SHA-256 hash of a ticket, in hex: what is kept of it. With 256 random bits behind it, nobody finds the text again. */
export function hashTicket(ticket: Secret): string {
  return createHash('sha256').update(ticket.reveal()).digest('hex');
}
