import type { ChannelForm } from '../policy/pusher-names.ts';
import { userIdLimit } from '../policy/member.ts';

/** The differences between the dialects: the kinds of servers of the Pusher protocol (`PUSHER_SERVER`). `docs/pusher-servers.md` and `docs/user-ids.md` have the sources. */
export interface DialectRules {
  /** The maximum length of a user id in presence channels, sign-ins and the HTTP API. The characters are the same for all servers (`toUserId`). */
  readonly maxUserIdLength: number;
  /** Whether the signature of a private channel includes `channel_data`. The others refuse such a signature. */
  readonly signsPrivateMembers: boolean;
  /** Whether members need `user_info`. Without it soketi leaves them out of the list of a page that enters later, and Reverb fails to send the list. */
  readonly requiresMemberInfo: boolean;
  /** Whether users sign in (`pusher.signin()`), so that their connections can be terminated. */
  readonly hasSignIn: boolean;
  /** The forms whose names with `cache-` are those of cache channels. */
  readonly cacheForms: readonly ChannelForm[];
  /** Whether the HTTP API can close connections with a code at which pages reconnect, and so request authorization again. */
  readonly forcesReconnect: boolean;
  /** Whether a server with a path verifies the signature of the whole path, or of the part after it. */
  readonly signsPath: boolean;
}

const allForms: readonly ChannelForm[] = ['private', 'presence', 'private-encrypted'];

/** These servers have no limit. With this length a request to the HTTP API fits into the 4 KB that soketi reads as headers. */
const longUserIds = 1024;

const dialects = {
  pusher: {
    maxUserIdLength: userIdLimit,
    signsPrivateMembers: true,
    requiresMemberInfo: false,
    hasSignIn: true,
    cacheForms: allForms,
    forcesReconnect: false,
    signsPath: false,
  },
  soketi: {
    maxUserIdLength: longUserIds,
    signsPrivateMembers: false,
    requiresMemberInfo: true,
    hasSignIn: true,
    cacheForms: allForms,
    forcesReconnect: false,
    signsPath: true,
  },
  reverb: {
    maxUserIdLength: longUserIds,
    signsPrivateMembers: true,
    requiresMemberInfo: true,
    hasSignIn: false,
    cacheForms: ['private', 'presence'],
    forcesReconnect: false,
    signsPath: false,
  },
  sockudo: {
    maxUserIdLength: longUserIds,
    signsPrivateMembers: false,
    requiresMemberInfo: false,
    hasSignIn: true,
    cacheForms: allForms,
    forcesReconnect: true,
    signsPath: false,
  },
} as const satisfies Readonly<Record<string, DialectRules>>;

/** A kind of server of the Pusher protocol. */
export type PusherDialect = keyof typeof dialects;

export const pusherDialects = Object.keys(dialects) as readonly PusherDialect[];

export const dialectRules = (dialect: PusherDialect): DialectRules => dialects[dialect];
