declare const brand: unique symbol;

/** A text that has the form of a Pusher socket id. */
export type SocketId = string & { readonly [brand]: 'SocketId' };

const maxLength = 64;

/** Reads a Pusher socket id: digits, a dot, digits (Pusher's `^\d+\.\d+$`), at most 64 characters; else `undefined`. */
export function parseSocketId(text: string): SocketId | undefined {
  // In JavaScript `$` without the m flag matches only at the very end, so a trailing newline is refused.
  return text.length <= maxLength && /^[0-9]+\.[0-9]+$/.test(text) ? (text as SocketId) : undefined;
}
