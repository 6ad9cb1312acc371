import type { Member } from './decision.ts';

/** Pusher's limit for the JSON text of a user object, in bytes. */
const maxBytes = 1024;

/**
 * True when a member keeps within Pusher's limits for presence and user data:
 * a user id of 1 to 128 characters of the channel grammar, and at most 1 KB of JSON in UTF-8.
 * What does not fit is refused by the server after it was signed, where none of our logs would show it.
 */
export function memberFits(member: Member): boolean {
  return (
    /^[A-Za-z0-9_\-=@,.;]{1,128}$/.test(member.user_id) &&
    Buffer.byteLength(JSON.stringify(member)) <= maxBytes
  );
}
