import { createHash } from 'node:crypto';
import type { ApplicationMember } from './ask.ts';
import { check, type Check, type InfoValue, type Member } from './decision.ts';

/** Pusher's limit for the JSON text of a user object, in bytes. */
const maxBytes = 1024;

/** A member in the form of a Pusher server, with its checks. */
interface MemberAtServer {
  readonly member: Member | undefined;
  readonly checks: readonly Check[];
}

const limits = 'member data is within Pusher’s limits';
const isWithin = check(limits, true);
const isBeyond = check(limits, false);

/** The result without a member. */
export const noMember: MemberAtServer = { member: undefined, checks: [isWithin] };

/**
 * Converts a member to the one that the Pusher server takes: with the user id of that server (`toUserId`), and at most 1 KB
 * of JSON in UTF-8. The server would refuse a signed member beyond its limits, and no log of Usher would show it.
 */
export function memberAt(member: Member, userId: string | undefined): MemberAtServer {
  if (userId === undefined) return { member: undefined, checks: [isBeyond] };
  if (userId === member.user_id) return { member, checks: [fits(member) ? isWithin : isBeyond] };
  const mapped = { ...member, user_id: userId };
  return { member: mapped, checks: [mappedTo(userId), fits(mapped) ? isWithin : isBeyond] };
}

/** Written to the audit log, because the id at the Pusher server differs from that of the application. */
const mappedTo = (userId: string): Check =>
  check(`user id at the Pusher server is ${userId}`, true);

function fits(member: Member): boolean {
  if (atMostBytes(member) <= maxBytes) return true;
  // Only servers without a limit for the object take a longer id.
  const uncounted = Math.max(0, member.user_id.length - userIdLimit);
  return Buffer.byteLength(JSON.stringify(member)) - uncounted <= maxBytes;
}

/** The member that the application names as the Pusher server takes it, with its checks. */
export function applicationMemberAt(
  { user_id, data }: ApplicationMember,
  userId: string | undefined,
): { readonly member: ApplicationMember | undefined; readonly checks: readonly Check[] } {
  if (userId === undefined) return { member: undefined, checks: [isBeyond] };
  const isMapped = user_id !== userId;
  // A number stays a number, as the clients of the application expect.
  const atServer = isMapped ? { ...data, user_id: userId } : data;
  const notes = isMapped ? [mappedTo(userId)] : [];
  const isSmall = Buffer.byteLength(JSON.stringify(atServer)) <= maxBytes;
  return isSmall
    ? { member: { user_id, data: atServer }, checks: [...notes, isWithin] }
    : { member: undefined, checks: [...notes, isBeyond] };
}

/** An upper bound of the size of the JSON text, without serializing it: a UTF-16 code unit takes at most 6 bytes, as in `\u0000`. */
function atMostBytes({ user_id, user_info }: Member): number {
  let units = user_id.length + 40;
  for (const name in user_info) units += name.length + unitsOf(user_info[name]) + 6;
  return units * 6;
}

function unitsOf(value: InfoValue | undefined): number {
  if (typeof value !== 'object') return String(value).length;
  return value.reduce((units, each) => units + each.length + 3, 2);
}

/** The value of a rule as JSON has it: a time is a text of ISO 8601. `undefined` for a value that JSON does not have. */
export function infoValue(value: unknown): InfoValue | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (Array.isArray(value)) {
    const list = Array.from<unknown>(value);
    return list.every((each) => typeof each === 'string') ? list : undefined;
  }
  const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  return isPlain ? (value as InfoValue) : undefined;
}

/** Pusher's limit for a user id, which is the lowest of all servers. */
export const userIdLimit = 128;

/**
 * The texts that every server takes unchanged as presence `user_id`, as the `id` of a sign-in, and as a segment of the path
 * `/users/{id}/terminate_connections`. Not `.` and `..`, which would change that path.
 */
const plain = /^(?!\.{1,2}$)[A-Za-z0-9_\-=@,.;]+$/;

/** The beginning of every mapped id. A plain id that begins with it is mapped as well, so no two ids become the same. */
const prefix = '=;';

/** After the prefix: a hash in place of the id. No encoded id begins with it, because `=` is followed by a hexadecimal digit. */
const hashPrefix = '=sha256=';

/**
 * Maps an id to the id that a Pusher server takes: unchanged if every server takes it, else `=;` and the id with each byte
 * of UTF-8 except `A-Za-z0-9_.-` as `=` and two hexadecimal digits. If that is longer than `maxLength`, the hash of the id
 * takes its place. `undefined` for an empty text, and for one that has no UTF-8 encoding.
 */
export function toUserId(id: string, maxLength: number): string | undefined {
  if (id.length <= maxLength && plain.test(id) && !id.startsWith(prefix)) return id;
  if (id === '' || /\p{Cs}/u.test(id)) return undefined;
  const encoded = prefix + encode(id);
  return encoded.length <= maxLength ? encoded : prefix + hashPrefix + hash(id);
}

/** The id that `toUserId` maps to this user id; a hash, and an id of another system, are returned as they are. */
export function fromUserId(userId: string): string {
  const id = decode(userId);
  return id !== undefined && toUserId(id, Infinity) === userId ? id : userId;
}

/** Whether the HTTP API of a server can have this user in a path: the id is a segment of it. */
export function isPathSegment(userId: string, maxLength: number): boolean {
  return userId.length <= maxLength && plain.test(userId);
}

function encode(id: string): string {
  return encodeURIComponent(id)
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%', '=');
}

function decode(userId: string): string | undefined {
  if (!userId.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(userId.slice(prefix.length).replaceAll('=', '%'));
  } catch {
    return undefined;
  }
}

const hash = (id: string): string => createHash('sha256').update(id).digest('base64url');
