import { userIdLimit } from '../policy/member.ts';

/** What Usher must know of a kind of Pusher server. `docs/pusher-servers.md` has the sources of each value. */
interface PusherServerRules {
  /** The longest user id that presence channels, sign-ins and the HTTP API take. The characters are the same for all servers (`policy/member.ts`). */
  readonly maxUserIdLength: number;
}

/**
 * Pusher documents a limit of 128 characters. The others have none of their own. With 1,024 characters a request to their
 * HTTP API stays below the 4 KB that soketi accepts as its headers.
 */
export const pusherServers = {
  pusher: { maxUserIdLength: userIdLimit },
  soketi: { maxUserIdLength: 1024 },
  reverb: { maxUserIdLength: 1024 },
} as const satisfies Readonly<Record<string, PusherServerRules>>;

/** A kind of server of the Pusher protocol. */
export type PusherDialect = keyof typeof pusherServers;

export const pusherDialects = Object.keys(pusherServers) as readonly PusherDialect[];
