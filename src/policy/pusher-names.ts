// The names of Pusher's protocol: channel names and socket ids.

/** The form by the prefix of the name. Public channels have no prefix, and need no authorization. */
export type ChannelForm = 'private' | 'presence' | 'private-encrypted';

/** A form that a policy declares: with `-cache`, a cache channel, whose last event the server sends to each new subscriber. */
export type PatternForm = ChannelForm | `${ChannelForm}-cache`;

/** A channel name by Pusher's grammar. */
export interface ChannelName {
  readonly text: string;
  readonly form: ChannelForm;
  /** The name without the form's prefix. */
  readonly body: string;
}

/** Longest first: every encrypted name begins with `private-` as well. */
export const channelForms: readonly ChannelForm[] = ['private-encrypted', 'presence', 'private'];

/** The form by the prefix of a name or of a pattern. */
export function formOf(text: string): ChannelForm | undefined {
  return channelForms.find((form) => text.startsWith(`${form}-`));
}

export const patternForms: readonly PatternForm[] = [
  ...channelForms,
  ...channelForms.map((form) => `${form}-cache` as const),
];

const cachePrefix = 'cache-';

/** Whether the name without the form's prefix is that of a cache channel. */
export const isCacheBody = (body: string): boolean => body.startsWith(cachePrefix);

/** The body of a cache channel without `cache-`. */
export const withoutCache = (body: string): string => body.slice(cachePrefix.length);

/** Pusher's limit, prefix included. */
export const maxNameLength = 164;

/**
 * Parses a private, presence or private-encrypted channel name; returns `undefined` for any other, including public names.
 * The characters are those of Pusher's grammar, `A-Za-z0-9_-=@,.;`: with a colon, the signature would be valid for another
 * request (`presence-x:{"user_id":"admin"}`, `:user::…`).
 */
export function parseChannelName(text: string): ChannelName | undefined {
  if (text.length > maxNameLength || !/^[A-Za-z0-9_\-=@,.;]+$/.test(text)) return undefined;
  const form = formOf(text);
  if (form === undefined || text.length === form.length + 1) return undefined;
  return { text, form, body: text.slice(form.length + 1) };
}

declare const brand: unique symbol;

export type SocketId = string & { readonly [brand]: 'SocketId' };

const maxSocketIdLength = 64;

/** Parses a Pusher socket id: digits, a dot, digits (Pusher's `^\d+\.\d+$`), at most 64 characters; otherwise `undefined`. */
export function parseSocketId(text: string): SocketId | undefined {
  // In JavaScript `$` without the m flag matches only at the end, so a trailing newline is refused.
  return text.length <= maxSocketIdLength && /^[0-9]+\.[0-9]+$/.test(text)
    ? (text as SocketId)
    : undefined;
}

/** A random id in the form of a Pusher socket id, for a connection that has none: two numbers of 48 bits. */
export function newSocketId(randomBytes: (count: number) => Uint8Array): string {
  const bytes = Buffer.from(randomBytes(12));
  return `${bytes.readUIntBE(0, 6)}.${bytes.readUIntBE(6, 6)}`;
}
