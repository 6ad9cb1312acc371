import type { Member } from './decision.ts';

/** Pusher's limit for the JSON text of a user object, in bytes. */
const maxBytes = 1024;

/**
 * True for a member within Pusher's limits of presence and user data:
 * a user id of 1 to 128 characters of the channel grammar, and at most 1 KB of JSON in UTF-8.
 * The Pusher server would refuse a signed member beyond them, without a trace in the logs of Usher.
 */
export function memberFits(member: Member): boolean {
  return (
    /^[A-Za-z0-9_\-=@,.;]{1,128}$/.test(member.user_id) &&
    (atMostBytes(member) <= maxBytes || Buffer.byteLength(JSON.stringify(member)) <= maxBytes)
  );
}

/** A bound of the JSON text without writing it: a UTF-16 code unit takes at most 6 bytes, as in `\u0000`. */
function atMostBytes({ user_id, user_info }: Member): number {
  let units = user_id.length + 40;
  for (const name in user_info) units += name.length + String(user_info[name]).length + 6;
  return units * 6;
}
