declare const brand: unique symbol;

export type SocketId = string & { readonly [brand]: 'SocketId' };

const maxLength = 64;

/** Parses a Pusher socket id: digits, a dot, digits (Pusher's `^\d+\.\d+$`), at most 64 characters; otherwise `undefined`. */
export function parseSocketId(text: string): SocketId | undefined {
  // In JavaScript `$` without the m flag matches only at the end, so a trailing newline is refused.
  return text.length <= maxLength && /^[0-9]+\.[0-9]+$/.test(text) ? (text as SocketId) : undefined;
}

/** A random id in the form of a Pusher socket id, for a connection that has none: two numbers of 48 bits. */
export function newSocketId(randomBytes: (count: number) => Uint8Array): string {
  const bytes = Buffer.from(randomBytes(12));
  return `${bytes.readUIntBE(0, 6)}.${bytes.readUIntBE(6, 6)}`;
}
